#pragma once

#include "config/mark.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mailpipe::config {

struct Node;
using NodePtr = std::shared_ptr<const Node>;

/// One key of a mapping, with where key and value stand.
struct Entry {
  std::string key;
  Mark mark;
  NodePtr value;
};

/// One value of a parsed file. Immutable once built; an alias shares the node of its anchor. At most kMaxDepth deep and,
/// aliases expanded, kMaxNodes large, so walking it recursively is safe.
struct Node {
  enum class Type { Null, Boolean, Integer, Real, String, List, Map };

  Type type = Type::Null;
  bool plain = false;          ///< a scalar without quotes
  bool boolean = false;        ///< Boolean
  std::int64_t integer = 0;    ///< Integer
  double real = 0;             ///< Integer, Real
  std::string text;            ///< a scalar as written, quotes and escapes resolved
  std::vector<NodePtr> items;  ///< List
  std::vector<Entry> entries;  ///< Map, in the order of the file, no key twice
  Mark mark;
  std::size_t nodes = 1;   ///< in this tree, aliases expanded
  std::size_t octets = 0;  ///< of keys and scalars in this tree, aliases expanded

  bool is_map() const noexcept { return type == Type::Map; }

  bool is_list() const noexcept { return type == Type::List; }

  bool is_scalar() const noexcept { return !is_map() && !is_list(); }

  /// Null when there is no such key.
  const Entry* find(std::string_view key) const noexcept;
};

inline constexpr std::size_t kMaxDepth = 32;
inline constexpr std::size_t kMaxNodes = 100'000;
inline constexpr std::size_t kMaxOctets = std::size_t{4} << 20U;
inline constexpr std::size_t kMaxScalar =
    8192;  ///< also keeps std::regex, which recurses per character, off the stack's end
inline constexpr std::size_t kMaxKey = 256;

/// A scalar typed by the core schema of YAML 1.2 (section 10.3.2); quoted is always a String. `.inf` and `.nan`, which
/// JSON lacks, are Strings.
Node make_scalar(std::string text, bool plain, Mark mark);

/// "a list", "'abc'", "400": what stands in a file, for messages.
std::string describe(const Node& node);

}  // namespace mailpipe::config

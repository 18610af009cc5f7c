#include "config/yaml_document.hpp"

#include "config/findings.hpp"
#include "config/yaml_text.hpp"

#include <mailpipe/printable.hpp>

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <exception>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <utility>

namespace mailpipe::config {
namespace {

/// Thrown out of the parser when going on would be pointless or unsafe; the diagnostic is already recorded.
struct Stop {};

/// Builds our tree from yaml-cpp's events, and not from its own tree: that keeps the first of two equal keys in
/// silence, loads cyclic anchors, and is walked recursively to any depth its parser lets through. Here each is refused
/// at the event that brings it, before there is anything to walk.
class TreeBuilder : public YAML::EventHandler {
 public:
  TreeBuilder(const YamlText& text, std::vector<Diagnostic>& diagnostics)
      : text_(text),
        diagnostics_(diagnostics) {}

  NodePtr root() const { return root_; }

  bool damaged() const { return damaged_; }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents_ == 1) return;
    if (text_.line(line_of(mark)).starts_with("---")) {
      fail("MP1005", at(mark), "a second YAML document in one file",
           "one pipeline a file: remove what follows '---'");
    } else {
      fail("MP1002", at(mark), "not valid YAML: this does not go on with what stands above",
           "check the indentation");
    }
    throw Stop{};
  }

  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    refuse_tag_of_null(mark);
    Mark where = scalar_at(mark, 1);
    // Where no value stands, yaml-cpp is at the next key already.
    if (!open_.empty() && open_.back().has_key && open_.back().entry.mark.line < where.line) {
      where = open_.back().entry.mark;
    }
    add(std::make_shared<Node>(make_scalar("", true, where)), anchor, mark);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end()) {
      fail("MP1006", at(mark), "an alias inside of its own anchor",
           "an anchor cannot contain itself");
      throw Stop{};
    }
    if (expects_key()) {
      fail("MP1005", at(mark), "an alias cannot be a key", "write the key out");
    }
    add(found->second, 0, mark);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    if (tag != "?" && tag != "!") {
      refuse_tag(mark);
    }
    const Mark where = scalar_at(mark, value.size());
    if (value.size() > kMaxScalar) {
      fail("MP1006", where, "a value of more than 8192 octets");
      throw Stop{};
    }
    if (tag == "!" && !text_.closes_quote(line_of(mark), column_of(mark))) {
      fail("MP1002", where, "not valid YAML: the quote is not closed");
      throw Stop{};
    }
    if (value.find('\0') != std::string::npos) {
      fail("MP1002", where, "a NUL character in a value");
    }
    add(std::make_shared<Node>(make_scalar(value, tag == "?", where)), anchor, mark);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value /*style*/) override {
    open(Node::Type::List, mark, tag, anchor);
  }

  void OnSequenceEnd() override { close(); }

  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value /*style*/) override {
    open(Node::Type::Map, mark, tag, anchor);
  }

  void OnMapEnd() override { close(); }

 private:
  struct Frame {
    std::shared_ptr<Node> node;
    YAML::anchor_t anchor = 0;
    YAML::Mark mark;
    bool has_key = false;
    bool skip = false;  ///< the key that waits for its value was refused
    Entry entry;
    std::set<std::string, std::less<>> keys;
  };

  static std::size_t line_of(const YAML::Mark& mark) {
    return static_cast<std::size_t>(std::max(mark.line, 0));
  }

  static std::size_t column_of(const YAML::Mark& mark) {
    return static_cast<std::size_t>(std::max(mark.column, 0));
  }

  Mark at(const YAML::Mark& mark) const { return text_.mark(line_of(mark), column_of(mark)); }

  Mark scalar_at(const YAML::Mark& mark, std::size_t octets) const {
    return text_.mark_scalar(line_of(mark), column_of(mark), octets);
  }

  void fail(std::string code, const Mark& where, std::string message, std::string help = {}) {
    damaged_ = true;
    add_error(diagnostics_, std::move(code), where, std::move(message), {{}, std::move(help)});
    constexpr int kMost = 100;
    if (++failures_ >= kMost) {
      throw Stop{};
    }
  }

  void refuse_tag(const YAML::Mark& mark) {
    fail("MP1005", at(mark), "a YAML tag; pipelines have none",
         "quote what is meant as text, or use a {$env: NAME} reference");
  }

  // yaml-cpp drops the tag of a plain null before it calls us.
  void refuse_tag_of_null(const YAML::Mark& mark) {
    if (text_.line(line_of(mark))
            .substr(std::min(column_of(mark), text_.line(line_of(mark)).size()))
            .starts_with('!')) {
      refuse_tag(mark);
    }
  }

  bool expects_key() const {
    return !open_.empty() && open_.back().node->is_map() && !open_.back().has_key;
  }

  void open(Node::Type type, const YAML::Mark& mark, const std::string& tag,
            YAML::anchor_t anchor) {
    if (tag != "?" && !tag.empty()) {
      refuse_tag(mark);
    }
    if (open_.size() >= kMaxDepth) {
      fail("MP1006", at(mark), "nested more than 32 levels deep");
      throw Stop{};
    }
    if (expects_key()) {
      fail("MP1005", at(mark), "a list or mapping cannot be a key",
           "keys are plain text; or is a bracket not closed?");
      throw Stop{};
    }
    Frame frame;
    frame.node = std::make_shared<Node>();
    frame.node->type = type;
    frame.node->mark = at(mark);
    frame.anchor = anchor;
    frame.mark = mark;
    open_.push_back(std::move(frame));
  }

  void close() {
    const Frame frame = std::move(open_.back());
    open_.pop_back();
    add(frame.node, frame.anchor, frame.mark);
  }

  void add(const NodePtr& node, YAML::anchor_t anchor, const YAML::Mark& mark) {
    if (anchor != 0) {
      anchors_[anchor] = node;
    }
    if (open_.empty()) {
      root_ = node;
      return;
    }
    Frame& frame = open_.back();
    if (expects_key()) {
      take_key(frame, *node);
      return;
    }
    frame.node->nodes += node->nodes;
    frame.node->octets += node->octets;
    if (frame.node->nodes > kMaxNodes || frame.node->octets > kMaxOctets) {
      fail("MP1006", at(mark), "aliases expand to more than 100,000 values or 4 MiB");
      throw Stop{};
    }
    if (frame.node->is_list()) {
      frame.node->items.push_back(node);
      return;
    }
    frame.has_key = false;
    if (!frame.skip) {
      frame.entry.value = node;
      frame.node->entries.push_back(std::move(frame.entry));
    }
  }

  void take_key(Frame& frame, const Node& node) {
    frame.has_key = true;
    frame.skip = true;
    if (!node.is_scalar()) {
      return;  // refused when it was opened
    }
    if (node.type == Node::Type::Null) {
      fail("MP1005", node.mark, "a key is missing",
           "quote the key if it is meant to be empty, ~ or null");
    } else if (node.plain && node.text == "<<") {
      fail("MP1005", node.mark, "merge keys (<<) are not part of the YAML that pipelines use",
           "write the keys out, or share one value by an anchor and an alias");
    } else if (node.text.size() > kMaxKey) {
      fail("MP1006", node.mark, "a key of more than 256 octets");
    } else if (!frame.keys.insert(node.text).second) {
      const Entry* first = frame.node->find(node.text);
      fail("MP1003", node.mark, "'" + node.text + "' is there twice",
           first == nullptr ? std::string()
                            : "the first one is in line " + std::to_string(first->mark.line));
    } else {
      frame.skip = false;
      frame.node->octets += node.text.size();
      frame.entry = Entry{node.text, node.mark, nullptr};
    }
  }

  const YamlText& text_;
  std::vector<Diagnostic>& diagnostics_;
  std::vector<Frame> open_;
  std::map<YAML::anchor_t, NodePtr> anchors_;
  NodePtr root_;
  int documents_ = 0;
  int failures_ = 0;
  bool damaged_ = false;
};

/// Text, UTF-8, no control characters, no tabs in indentation: what the parser has poor words for or none.
bool check_octets(const YamlText& text, std::vector<Diagnostic>& diagnostics) {
  for (std::size_t number = 0; number < text.lines(); ++number) {
    const std::string_view line = text.line(number);
    for (std::size_t at = 0; at < line.size();) {
      const detail::Decoded next = detail::decode_utf8(line.substr(at));
      if (next.length == 0) {
        add_error(diagnostics, "MP1001", text.mark(number, at), "the file is not UTF-8 text");
        return false;
      }
      if ((next.code < 0x20 && next.code != '\t') || next.code == 0x7F) {
        add_error(diagnostics, "MP1001", text.mark(number, at), "a control character in the file",
                  {{}, "inside of double quotes it can be written as an escape: \"\\e\""});
        return false;
      }
      at += next.length;
    }
  }
  bool clean = true;
  for (std::size_t number = 0; number < text.lines(); ++number) {
    const std::string_view line = text.line(number);
    const std::size_t content = line.find_first_not_of(" \t");
    const std::size_t tab = line.find('\t');
    if (content != std::string_view::npos && line[content] != '#' && tab < content) {
      add_error(diagnostics, "MP1002", text.mark(number, tab),
                "a tab cannot be used for indentation", {{}, "use spaces"});
      clean = false;
    }
  }
  return clean;
}

/// What yaml-cpp says of the most frequent mistakes describes its parser and not the file.
std::string in_our_words(const std::string& message) {
  static const std::map<std::string, std::string> kWords{
      {YAML::ErrorMsg::END_OF_SEQ_FLOW, "a list that starts with '[' is not closed before this"},
      {YAML::ErrorMsg::END_OF_MAP_FLOW, "a mapping that starts with '{' is not closed before this"},
      {YAML::ErrorMsg::END_OF_MAP,
       "this does not fit the mapping above; check indentation and quotes"},
      {YAML::ErrorMsg::END_OF_SEQ,
       "this does not fit the list above; check indentation and quotes"},
      {YAML::ErrorMsg::MAP_VALUE,
       "a ':' where none can stand; check indentation, or quote the text"},
      {YAML::ErrorMsg::UNKNOWN_TOKEN, "a text cannot start with this character; quote it"},
  };
  const auto found = kWords.find(message);
  return found == kWords.end() ? message : found->second;
}

}  // namespace

std::optional<std::string> read_source(const std::filesystem::path& path,
                                       std::vector<Diagnostic>& diagnostics) {
  const Mark whole{path.string(), 0, 0, 1};
  std::error_code error;
  const std::filesystem::file_status status = std::filesystem::status(path, error);
  if (!std::filesystem::exists(status)) {
    add_error(diagnostics, "MP1001", whole, "the file does not exist or cannot be reached");
    return std::nullopt;
  }
  if (std::filesystem::is_directory(status)) {
    add_error(diagnostics, "MP1001", whole, "this is a folder, not a pipeline file");
    return std::nullopt;
  }
  std::string text(kMaxFile + 1, '\0');
  errno = 0;
  std::ifstream in(path, std::ios::binary);
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (!in.is_open() || in.bad()) {
    const std::string reason =
        errno == 0 ? ""
                   : ": " + std::string(std::strerror(errno));  // NOLINT(concurrency-mt-unsafe)
    add_error(diagnostics, "MP1001", whole, "the file cannot be read" + reason);
    return std::nullopt;
  }
  text.resize(static_cast<std::size_t>(in.gcount()));
  if (text.size() > kMaxFile) {
    add_error(diagnostics, "MP1001", whole, "the file is larger than 1 MiB");
    return std::nullopt;
  }
  return text;
}

NodePtr parse_yaml(std::string_view text, const std::string& file,
                   std::vector<Diagnostic>& diagnostics) {
  if (text.starts_with("\xEF\xBB\xBF")) {
    text.remove_prefix(3);
  }
  const YamlText lines(text, file);
  if (text.size() > kMaxFile) {
    add_error(diagnostics, "MP1001", {file, 0, 0, 1}, "the file is larger than 1 MiB");
    return nullptr;
  }
  if (!check_octets(lines, diagnostics)) {
    return nullptr;
  }
  TreeBuilder builder(lines, diagnostics);
  std::istringstream in{std::string(text)};
  try {
    YAML::Parser parser(in);
    while (parser.HandleNextDocument(builder)) {
    }
  } catch (const Stop&) {
    return nullptr;
  } catch (const YAML::Exception& error) {
    const auto line = static_cast<std::size_t>(std::max(error.mark.line, 0));
    const auto column = static_cast<std::size_t>(std::max(error.mark.column, 0));
    add_error(diagnostics, "MP1002", lines.mark(line, column),
              "not valid YAML: " + in_our_words(error.msg));
    return nullptr;
  } catch (const std::exception& error) {
    add_error(diagnostics, "MP1002", {file, 0, 0, 1},
              std::string("not valid YAML: ") + error.what());
    return nullptr;
  }
  if (builder.root() == nullptr && !builder.damaged()) {
    add_error(diagnostics, "MP1010", {file, 1, 1, 1}, "the file is empty",
              {{}, "a pipeline starts with 'version: 1'"});
  }
  return builder.root();
}

}  // namespace mailpipe::config

#pragma once

#include <mailpipe/error.hpp>

#include <string>

namespace mailpipe::plugin {

/// Why a plugin is not used. The class is Permanent, but main() answers with exit code 5.
///
/// code()  Stable, "MP5001"; config/code_table.hpp explains it.
class Refused : public Error {
 public:
  Refused(std::string code, const std::string& what, std::string hint = {})
      : Error(ErrorClass::Permanent, what, std::move(hint)),
        code_(std::move(code)) {}

  const std::string& code() const noexcept { return code_; }

 private:
  std::string code_;
};

inline constexpr char kBadLocation[] = "MP5001";   ///< a file or folder that others may change
inline constexpr char kWrongAbi[] = "MP5002";      ///< built for another mailpipe
inline constexpr char kNotALibrary[] = "MP5003";   ///< not ELF, truncated, another machine
inline constexpr char kBadManifest[] = "MP5004";   ///< tag or manifest missing or damaged
inline constexpr char kDuplicate[] = "MP5005";     ///< two files with one id, or one type
inline constexpr char kLoadFailed[] = "MP5006";    ///< the dynamic linker refused it
inline constexpr char kTablesDiffer[] = "MP5007";  ///< what it exports is not what it announces

}  // namespace mailpipe::plugin

#pragma once

#include <array>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace mailpipe::test {

/// A secret that is found again wherever it leaks to, also in part, in another case, percent-encoded, as JSON, and in base64
/// wherever it stands there. Shares no code with the program's Redactor.
class Canary {
 public:
  /// Two words that nothing else contains, and between them what each encoding must escape.
  static std::string value() { return kFirst + std::string("\"+/%=\\'") + kSecond; }

  /// As YAML writes it.
  static std::string yaml() { return std::string("'") + kFirst + "\"+/%=\\''" + kSecond + "'"; }

  /// For servers that take no quotes in a password.
  static std::string plain() { return kFirst + std::string("+") + kSecond; }

  static std::string base64(std::string_view octets) {
    constexpr char kDigits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string out;
    for (std::size_t bit = 0; bit < octets.size() * 8; bit += 6) {
      unsigned digit = 0;
      for (std::size_t i = bit; i < bit + 6; ++i) {
        const unsigned octet =
            i / 8 < octets.size() ? static_cast<unsigned char>(octets[i / 8]) : 0;
        digit = digit * 2 + ((octet >> (7 - i % 8)) & 1U);
      }
      out += kDigits[digit];
    }
    return out + std::string((4 - out.size() % 4) % 4, '=');
  }

  static std::string percent_encoded(std::string_view text) {
    std::ostringstream out;
    for (const unsigned char c : text) {
      out << '%' << std::hex << (c < 16 ? "0" : "") << unsigned{c};
    }
    return out.str();
  }

  /// All that a malicious server can make of a secret that it was told.
  static std::string echo(const std::string& user = "anna") {
    const std::string secret = value();
    return secret + " " + base64(secret) + " " + base64('\0' + user + '\0' + secret) + " " +
           base64("user=" + user + "\1auth=Bearer " + secret + "\1\1") + " " +
           base64(user + ":" + secret) + " " + percent_encoded(secret) + " " + upper(secret);
  }

  /// What of it is in the text: eight characters in a row; empty: nothing.
  static std::string found_in(const std::string& text) {
    static const std::vector<std::string> all = pieces();
    const std::string plain = upper(text);
    for (const std::string& piece : all) {
      if (plain.find(piece) != std::string::npos) {
        return piece;
      }
    }
    return {};
  }

  /// The files below the folder whose octets or names hold it, but for those that the user made.
  static std::string found_below(const std::filesystem::path& folder,
                                 const std::set<std::string>& but = {}) {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
      if (but.count(entry.path().filename().string()) != 0) {
        continue;
      }
      std::ostringstream text;
      text << entry.path().native();
      if (entry.is_regular_file()) {
        text << std::ifstream(entry.path(), std::ios::binary).rdbuf();
      }
      if (const std::string found = found_in(text.str()); !found.empty()) {
        return entry.path().string() + ": " + found;
      }
    }
    return {};
  }

 private:
  static constexpr const char* kFirst = "k7VxQ2mZp9Tb";
  static constexpr const char* kSecond = "R4nWd8HsJ1yLc6";

  static std::string upper(std::string text) {
    for (char& c : text) {
      c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    }
    return text;
  }

  static void add_windows(const std::string& text, std::vector<std::string>& out) {
    for (std::size_t at = 0; at + 8 <= text.size(); ++at) {
      out.push_back(upper(text.substr(at, 8)));
    }
  }

  static std::vector<std::string> pieces() {
    std::vector<std::string> out;
    for (const std::string word : {kFirst, kSecond}) {
      add_windows(word, out);
      for (std::size_t at = 0; at + 8 <= word.size(); ++at) {
        out.push_back(upper(percent_encoded(word.substr(at, 8))));
      }
      for (const std::size_t before :
           {0, 1, 2}) {  // the digits that its neighbours have no part in
        std::string digits = base64(std::string(before, '\0') + word);
        digits = digits.substr(before == 0 ? 0 : before + 1);
        add_windows(
            digits.substr(0, (before + word.size()) * 8 / 6 - (before == 0 ? 0 : before + 1)), out);
      }
    }
    return out;
  }
};

}  // namespace mailpipe::test

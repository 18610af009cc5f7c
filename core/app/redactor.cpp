#include "redactor.hpp"

#include <mailpipe/printable.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <utility>

namespace mailpipe::app {

namespace {

constexpr std::string_view kInstead = "[secret]";
constexpr std::string_view kCut = "...";  // as printable() writes it
constexpr std::size_t kShortest = 4;
constexpr std::size_t kShortestUnmarked = 8;

std::string as_json(std::string_view text) {
  const std::string quoted =
      nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  return quoted.substr(1, quoted.size() - 2);
}

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), [](char c) { return lower(c); });
  return out;
}

bool is_alphanumeric(char c) {
  return (c >= '0' && c <= '9') || (lower(c) >= 'a' && lower(c) <= 'z');
}

std::string percent_encoded(std::string_view text, std::string_view but) {
  constexpr char kDigits[] = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    if (!but.empty() && (is_alphanumeric(c) || but.find(c) != std::string_view::npos)) {
      out += c;
    } else {
      const auto octet = static_cast<unsigned char>(c);
      out += {'%', kDigits[octet >> 4U], kDigits[octet & 15U]};
    }
  }
  return out;
}

std::string base64(std::string_view octets, std::string_view digits) {
  std::string out;
  unsigned bits = 0;
  unsigned held = 0;
  for (const char c : octets) {
    bits = (bits << 8U) | static_cast<unsigned char>(c);
    for (held += 8; held >= 6; held -= 6) {
      out += digits[(bits >> (held - 6)) & 63U];
    }
  }
  return out;  // without the digit that what follows has a part in
}

constexpr std::string_view kAlphanumeric =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// What base64 makes of the secret wherever it stands in the encoded text: "user\0secret" (SASL), "user:secret" (HTTP).
std::vector<std::string> in_base64(std::string_view secret) {
  std::vector<std::string> out;
  for (const char* last : {"+/", "-_"}) {
    for (std::size_t before = 0; before < 3; ++before) {
      const std::string all = base64(std::string(before, '\0') + std::string(secret),
                                     std::string(kAlphanumeric) + last);
      out.push_back(all.substr(before == 0 ? 0 : before + 1));
    }
  }
  return out;
}

bool is_base64(char c) {
  return is_alphanumeric(c) || std::string_view("+/-_=").find(c) != std::string_view::npos;
}

std::size_t in_common(std::string_view text, std::string_view form) {
  const auto end = std::mismatch(text.begin(), text.end(), form.begin(), form.end()).first;
  return static_cast<std::size_t>(end - text.begin());
}

/// How much of the form stands there, if that is all of it.
std::size_t whole(std::string_view text, std::string_view form) {
  return text.starts_with(form) ? form.size() : 0;
}

/// How much of it stands there, if the text was cut off behind that.
std::size_t beginning(std::string_view text, std::string_view form) {
  const std::size_t n = in_common(text, form);
  const std::string_view rest = text.substr(n);
  const bool ends = rest.empty() || rest.front() == '"' || rest.front() == '\n';
  return (n >= kShortest && rest.starts_with(kCut)) || (n >= kShortestUnmarked && ends) ? n : 0;
}

}  // namespace

Redactor& Redactor::instance() {
  static Redactor redactor;
  return redactor;
}

void Redactor::add(std::string_view secret) {
  if (secret.size() < kShortest) {
    return;
  }
  const std::string seen = printable(secret, 1U << 20U);
  std::vector<Form> forms;
  for (const std::string& form :
       {std::string(secret), seen, percent_encoded(secret, "-._~"), percent_encoded(secret, "")}) {
    forms.push_back({lower(form), false});
    forms.push_back({lower(as_json(form)), false});
    forms.push_back({lower(as_json(as_json(form))), false});  // a server's JSON in our JSON
  }
  for (const std::string& form : in_base64(secret)) {
    forms.push_back({lower(form), true});
  }
  const std::lock_guard lock(mutex_);
  for (Form& form : forms) {
    const auto same = [&](const Form& other) { return other.text == form.text; };
    if (form.text.size() >= kShortest && std::none_of(forms_.begin(), forms_.end(), same)) {
      forms_.push_back(std::move(form));
    }
  }
  std::sort(forms_.begin(), forms_.end(),
            [](const Form& a, const Form& b) { return a.text.size() > b.text.size(); });
}

std::string Redactor::redact(std::string text) const {
  const std::lock_guard lock(mutex_);
  std::string plain = lower(text);
  // Only when no whole one is left: the forms of one secret begin alike.
  for (const auto find : {whole, beginning}) {
    for (const Form& form : forms_) {
      const std::string start = form.text.substr(0, kShortest);
      for (std::size_t at = 0; (at = plain.find(start, at)) != std::string::npos;) {
        std::size_t length = find(std::string_view(plain).substr(at), form.text);
        if (length == 0) {
          ++at;
          continue;
        }
        if (form.is_base64) {  // its neighbours hold the secret's first and last bits
          for (; at > 0 && is_base64(text[at - 1]); --at) {
            ++length;
          }
          for (; at + length < text.size() && is_base64(text[at + length]); ++length) {
          }
        }
        text.replace(at, length, kInstead);
        plain.replace(at, length, kInstead);
        at += kInstead.size();
      }
    }
  }
  return text;
}

}  // namespace mailpipe::app

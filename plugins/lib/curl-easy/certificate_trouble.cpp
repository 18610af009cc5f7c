#include "certificate_trouble.hpp"

#include <mailpipe/error.hpp>
#include <mailpipe/printable.hpp>

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <string_view>

namespace mailpipe {

namespace {

/// An instant as libcurl prints it of a certificate: "2026-01-31 12:00:00 GMT", or what curl_getdate reads.
std::time_t certificate_time(const std::string& text) {
  std::tm parts{};
  if (::strptime(text.c_str(), "%Y-%m-%d %H:%M:%S", &parts) != nullptr) {
    return ::timegm(&parts);
  }
  return curl_getdate(text.c_str(), nullptr);
}

/// Whether the system's certificates are in one file that libcurl knows of, as on Debian.
bool system_has_a_bundle() {
  static const bool has = [] {
    const char* file = curl_version_info(CURLVERSION_NOW)->cainfo;
    return file != nullptr && ::access(file, R_OK) == 0;
  }();
  return has;
}

}  // namespace

std::string certificate_trouble(const CurlEasy& easy) {
  if (std::string_view(easy.error_text()).find("not match") != std::string_view::npos) {
    return "is for another name";
  }
  curl_certinfo* info = nullptr;
  if (curl_easy_getinfo(easy.get(), CURLINFO_CERTINFO, &info) != CURLE_OK || info == nullptr ||
      info->num_of_certs < 1) {
    return "cannot be trusted";
  }
  std::string subject;
  std::string issuer;
  for (const curl_slist* line = info->certinfo[0]; line != nullptr; line = line->next) {
    const std::string_view entry(line->data);
    const std::string value(entry.substr(std::min(entry.find(':') + 1, entry.size())));
    if (entry.rfind("Subject:", 0) == 0) {
      subject = value;
    } else if (entry.rfind("Issuer:", 0) == 0) {
      issuer = value;
    } else if (entry.rfind("Expire Date:", 0) == 0) {
      const std::time_t end = certificate_time(value);
      if (end > 0 && end < std::time(nullptr)) {
        return "has expired";
      }
    }
  }
  return !subject.empty() && subject == issuer ? "is signed by itself"
                                               : "is signed by an unknown authority";
}

void trust(CurlEasy& easy, const std::string& ca_file) {
  if (!ca_file.empty()) {
    if (::access(ca_file.c_str(), R_OK) != 0) {
      throw Error(ErrorClass::Config,
                  "cannot read ca_file '" + printable(ca_file) + "': " + std::strerror(errno),
                  "see the option ca_file");
    }
    easy.set(CURLOPT_CAINFO, ca_file.c_str());
  }
  if (!ca_file.empty() || system_has_a_bundle()) {
    // libcurl would also trust the system's folder of certificates. With ca_file that is wrong; without, they are the
    // bundle's once more, read for every connection: 4 MB of memory and some 20 ms each.
    easy.set(CURLOPT_CAPATH, static_cast<const char*>(nullptr));
  }
}

}  // namespace mailpipe

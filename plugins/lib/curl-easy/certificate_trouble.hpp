#pragma once

#include "curl_easy.hpp"

#include <string>

namespace mailpipe {

/// Why a certificate was refused ("has expired", "is for another name", ...), from what the server showed: GnuTLS in libcurl
/// tells only that it was. Wants CURLOPT_CERTINFO.
std::string certificate_trouble(const CurlEasy& easy);

/// Trusts `ca_file` (PEM) and nothing else, or, when it is empty, the system's certificates.
void trust(CurlEasy& easy, const std::string& ca_file);

}  // namespace mailpipe

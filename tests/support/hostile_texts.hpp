#pragma once

#include <string>
#include <vector>

namespace mailpipe::test {

inline std::string utf8_of(char32_t code) {
  const auto tail = [&](int shift) { return static_cast<char>(0x80U | ((code >> shift) & 0x3FU)); };
  if (code < 0x80) {
    return {static_cast<char>(code)};
  }
  if (code < 0x800) {
    return {static_cast<char>(0xC0U | (code >> 6)), tail(0)};
  }
  if (code < 0x10000) {
    return {static_cast<char>(0xE0U | (code >> 12)), tail(6), tail(0)};
  }
  return {static_cast<char>(0xF0U | (code >> 18)), tail(12), tail(6), tail(0)};
}

inline std::string times(int count, const std::string& piece) {
  std::string out;
  while (count-- > 0) {
    out += piece;
  }
  return out;
}

/// What people and programs have called mail and mailboxes to get out of a folder, to break a terminal, to fall together
/// with another name, or by accident. No two are equal.
inline std::vector<std::string> hostile_texts() {
  std::vector<std::string> out = {
      // paths and shells
      "..",
      ".",
      "...",
      "....",
      "../../etc/passwd",
      "/etc/passwd",
      "a/../../b",
      "~",
      "~root",
      "./x",
      "..\\..\\x",
      "C:\\x",
      "\\\\host\\share",
      "a//b",
      "x/",
      "/",
      "//",
      "///x",
      ".hidden",
      " ..",
      ".. ",
      "../",
      "/..",
      "-rf",
      "--help",
      "$(id)",
      "`id`",
      "|sh",
      ";x",
      "*",
      "?",
      "[a-z]",
      "{a,b}",
      "%2e%2e%2f",
      "%2E%2E%2F",
      "%00",
      "%",
      "%%",
      "%zz",
      "%2F",
      "%252F",
      "file:///etc",
      "a:b",
      "<x>",
      "\"x\"",
      "'x'",
      "a&b",
      "&-",
      "&AOQ-",
      "!x",
      "#x",
      "\\",
      "\\0",
      "\\n",
      "{subject}",
      "{{",
      "}}",
      "${{ vars.x }}",
      "%Y",
      "%s%n",
      // names that something else uses
      "CON",
      "con",
      "NUL",
      "nul.txt",
      "AUX",
      "PRN",
      "COM1",
      "LPT1.eml",
      "cur",
      "new",
      "tmp",
      "Cur",
      "INBOX",
      "inbox",
      "InBox",
      ".mailpipe-stage",
      ".mailpipe-sink.json",
      "subscriptions",
      "dovecot-keywords",
      "maildirfolder",
      ".uidvalidity",
      "x.eml",
      ".eml",
      "x.eml.eml",
      "x (2)",
      "x (2).eml",
      "x:2,S",
      "x:2,",
      "desktop.ini",
      "Thumbs.db",
      // spaces
      "",
      " ",
      "  x",
      "x ",
      "x.",
      "x. .",
      "\xC2\xA0",
      "\xE3\x80\x80",
      "a  b",
      "a b",
      // case
      "Case",
      "CASE",
      "case",
      "cAse",
      "stra\xC3\x9F"
      "e",
      "STRASSE",
      "strasse",
      "\xC7\x85",
      "\xC7\x86",
      "\xC4\xB0",
      "\xC4\xB1",
      "i",
      "I",
      "\xE2\x84\xAA",
      "k",
      "K",
      // normalisation
      "\xC3\xA9",
      "e\xCC\x81",
      "\xC3\x85",
      "\xE2\x84\xAB",
      "A\xCC\x8A",
      "\xEF\xAC\x81",
      "fi",
      "\xE2\x91\xA0",
      "1",
      "\xED\x95\x9C",
      "\xE1\x84\x92\xE1\x85\xA1\xE1\x86\xAB",
      "\xCC\x81",
      // octets that are no UTF-8: lone, overlong, surrogate, too large, cut off
      "\xFF",
      "\xFE\xFF",
      "\x80",
      "a\xFF/..",
      "\xC0\xAF",
      "\xE0\x80\xAF",
      "\xC0\xAE\xC0\xAE/",
      "\xED\xA0\x80",
      "\xF4\x90\x80\x80",
      "\xE5\xB1",
      "\xC3",
      "x\xE5\xB1",
      "J\xF6rg",
      "=?utf-8?Q?=FF?=",
      // encoded words that are none
      "=?utf-8?B?",
      "=?x-no?Q?a=2F?=",
      "=?utf-8?B?!!!!?=",
      "=?utf-8?Q?=00=2F=2E?=",
  };
  for (char32_t code = 0; code < 0x20; ++code) {
    out.push_back("a" + utf8_of(code) + "b");
  }
  for (char32_t code = 0x7F; code < 0xA0; code += 3) {
    out.push_back("a" + utf8_of(code) + "b");
  }
  for (const char32_t code :
       {0x061C, 0x200B, 0x200C, 0x200D, 0x200E, 0x200F, 0x2028, 0x2029, 0x202A, 0x202B,  0x202C,
        0x202D, 0x202E, 0x2060, 0x2066, 0x2067, 0x2068, 0x2069, 0xFEFF, 0xFFF9, 0xE0001, 0xE0041}) {
    out.push_back("txt." + utf8_of(code) + "exe");
  }
  for (const std::string piece : {"a", ".", "/", "../", "%", " ", "\xC3\xA4", "\xE5\xB1\xB1",
                                  "\xF0\x9F\x98\x80", "\xFF", "e\xCC\x81", "\x01"}) {
    out.push_back(times(10'240 / static_cast<int>(piece.size()), piece));
    out.push_back(times(10'240 / static_cast<int>(piece.size()), piece) + "!");
  }
  return out;
}

}  // namespace mailpipe::test

#include "config/diagnostic.hpp"

#include "config/mark.hpp"

#include <mailpipe/printable.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <string_view>
#include <tuple>
#include <utility>

namespace mailpipe::config {
namespace {

constexpr std::size_t kShownLine = 160;  ///< octets of a source line around the position

std::string_view word_of(Severity severity) {
  return severity == Severity::Error ? "error" : "warning";
}

std::string line_text(const Sources& sources, const Diagnostic& diagnostic) {
  const auto source = sources.find(diagnostic.file);
  if (source == sources.end() || diagnostic.line < 1) {
    return {};
  }
  std::string_view text = source->second;
  if (text.starts_with("\xEF\xBB\xBF")) {
    text.remove_prefix(3);
  }
  for (int line = 1; line < diagnostic.line; ++line) {
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos) {
      return {};
    }
    text.remove_prefix(end + 1);
  }
  text = text.substr(0, text.find('\n'));
  if (text.ends_with('\r')) {
    text.remove_suffix(1);
  }
  return std::string(text);
}

/// Octets that the first `characters` characters take.
std::size_t octets_of(std::string_view text, int characters) {
  std::size_t at = 0;
  for (; characters > 0 && at < text.size(); --characters) {
    at += std::max<std::size_t>(detail::decode_utf8(text.substr(at)).length, 1);
  }
  return std::min(at, text.size());
}

/// Columns that a terminal gives a character: East Asian wide ones and emoji take two, accents and
/// joiners none. A table of blocks is near enough; wcwidth() knows nothing in the C locale.
std::size_t columns_of(char32_t code) {
  constexpr std::array<std::pair<char32_t, char32_t>, 4> kNone{
      {{0x0300, 0x036F}, {0x1AB0, 0x1AFF}, {0x20D0, 0x20FF}, {0xFE00, 0xFE0F}}};
  constexpr std::array<std::pair<char32_t, char32_t>, 9> kTwo{{{0x1100, 0x115F},
                                                               {0x2E80, 0x303E},
                                                               {0x3041, 0xA4CF},
                                                               {0xAC00, 0xD7A3},
                                                               {0xF900, 0xFAFF},
                                                               {0xFE30, 0xFE6F},
                                                               {0xFF00, 0xFF60},
                                                               {0x1F300, 0x1FAFF},
                                                               {0x20000, 0x3FFFD}}};
  const auto holds = [code](const auto& block) {
    return code >= block.first && code <= block.second;
  };
  if (std::any_of(kNone.begin(), kNone.end(), holds)) {
    return 0;
  }
  return std::any_of(kTwo.begin(), kTwo.end(), holds) ? 2 : 1;
}

/// Columns of a text as printable() shows it.
std::size_t width_of(std::string_view text) {
  const std::string shown = printable(text);
  std::size_t width = 0;
  for (std::size_t at = 0; at < shown.size();) {
    const detail::Decoded next = detail::decode_utf8(std::string_view(shown).substr(at));
    width += columns_of(next.code);
    at += std::max<std::size_t>(next.length, 1);
  }
  return width;
}

/// Moves a cut back to the beginning of a character.
std::size_t at_character(std::string_view text, std::size_t at) {
  while (at > 0 && at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0U) == 0x80U) {
    --at;
  }
  return std::min(at, text.size());
}

std::string quoted_line(const Diagnostic& diagnostic, std::string line) {
  if (line.empty()) {
    return {};
  }
  std::size_t begin = octets_of(line, diagnostic.column - 1);
  std::size_t end = octets_of(line, diagnostic.column - 1 + diagnostic.length);
  if (line.size() > kShownLine) {
    const std::string_view dots = "...";
    const std::size_t from =
        at_character(line, begin > kShownLine / 2 ? begin - kShownLine / 2 : 0);
    const std::size_t to = at_character(line, from + kShownLine);
    const std::size_t before = from > 0 ? dots.size() : 0;
    line = std::string(dots.substr(0, before)) + line.substr(from, to - from) +
           std::string(to < line.size() ? dots : "");
    begin = begin - from + before;
    end = std::min(end - from + before, line.size());
  }
  const auto width = [&](std::size_t from, std::size_t to) {
    return width_of(std::string_view(line).substr(from, to - from));
  };
  const std::string number = std::to_string(diagnostic.line);
  const std::string gutter(std::max<std::size_t>(number.size(), 5), ' ');
  std::string out =
      std::string(gutter.size() - number.size(), ' ') + number + " | " + printable(line) + "\n";
  out += gutter + " | " + std::string(width(0, begin), ' ') +
         std::string(std::max<std::size_t>(width(begin, end), 1), '^');
  out += diagnostic.label.empty() ? "" : " " + printable(diagnostic.label);
  return out + "\n";
}

std::string position_of(const Diagnostic& diagnostic) {
  std::string out = printable(diagnostic.file);
  if (diagnostic.line > 0) {
    out += ":" + std::to_string(diagnostic.line) + ":" + std::to_string(diagnostic.column);
  }
  return out;
}

std::string counted(std::size_t number, std::string_view word) {
  return std::to_string(number) + " " + std::string(word) + (number == 1 ? "" : "s");
}

std::size_t files_in(const std::vector<Diagnostic>& diagnostics, const Sources& sources) {
  Sources all = sources;
  for (const Diagnostic& diagnostic : diagnostics) {
    all[diagnostic.file];
  }
  all.erase(kCommandLine);
  return all.size();
}

std::string render_human(const std::vector<Diagnostic>& diagnostics, const Sources& sources) {
  if (diagnostics.empty()) {
    return {};
  }
  std::string out;
  for (const Diagnostic& diagnostic : diagnostics) {
    const std::string quoted = quoted_line(diagnostic, line_text(sources, diagnostic));
    out += position_of(diagnostic) + ": " + std::string(word_of(diagnostic.severity)) + "[" +
           diagnostic.code + "]: " + printable(diagnostic.message);
    out += quoted.empty() && !diagnostic.label.empty() ? "; " + printable(diagnostic.label) : "";
    out += "\n" + quoted;
    out += diagnostic.help.empty() ? "" : "   = help: " + printable(diagnostic.help) + "\n";
  }
  return out + counted(count(diagnostics, Severity::Error), "error") + ", " +
         counted(count(diagnostics, Severity::Warning), "warning") + " in " +
         counted(files_in(diagnostics, sources), "file") + " (no plugin code executed)\n";
}

std::string render_json(const std::vector<Diagnostic>& diagnostics, const Sources& sources) {
  nlohmann::json list = nlohmann::json::array();
  for (const Diagnostic& diagnostic : diagnostics) {
    nlohmann::json one{{"severity", word_of(diagnostic.severity)},
                       {"code", diagnostic.code},
                       {"file", printable(diagnostic.file)},
                       {"line", diagnostic.line},
                       {"column", diagnostic.column},
                       {"length", diagnostic.length},
                       {"message", printable(diagnostic.message)}};
    if (!diagnostic.label.empty()) {
      one["label"] = printable(diagnostic.label);
    }
    if (!diagnostic.help.empty()) {
      one["help"] = printable(diagnostic.help);
    }
    list.push_back(std::move(one));
  }
  const nlohmann::json all{{"diagnostics", std::move(list)},
                           {"errors", count(diagnostics, Severity::Error)},
                           {"warnings", count(diagnostics, Severity::Warning)},
                           {"files", files_in(diagnostics, sources)}};
  return all.dump(2) + "\n";
}

/// Workflow commands end at a line end and treat %, and in properties : and , as their own.
std::string github_escaped(std::string_view text, bool property) {
  std::string out;
  for (const char c : printable(text)) {
    if (c == '%') {
      out += "%25";
    } else if (property && c == ':') {
      out += "%3A";
    } else if (property && c == ',') {
      out += "%2C";
    } else {
      out += c;
    }
  }
  return out;
}

std::string render_github(const std::vector<Diagnostic>& diagnostics) {
  std::string out;
  for (const Diagnostic& diagnostic : diagnostics) {
    out += "::" + std::string(word_of(diagnostic.severity)) +
           " file=" + github_escaped(diagnostic.file, true);
    if (diagnostic.line > 0) {
      out += ",line=" + std::to_string(diagnostic.line) +
             ",col=" + std::to_string(diagnostic.column) +
             ",endColumn=" + std::to_string(diagnostic.column + diagnostic.length);
    }
    out += ",title=" + diagnostic.code + "::" + github_escaped(diagnostic.message, false);
    out += diagnostic.label.empty() ? "" : "; " + github_escaped(diagnostic.label, false);
    out += diagnostic.help.empty() ? "" : " (" + github_escaped(diagnostic.help, false) + ")";
    out += "\n";
  }
  return out;
}

}  // namespace

std::size_t count(const std::vector<Diagnostic>& diagnostics, Severity severity) {
  return static_cast<std::size_t>(
      std::count_if(diagnostics.begin(), diagnostics.end(),
                    [&](const Diagnostic& d) { return d.severity == severity; }));
}

void sort_by_position(std::vector<Diagnostic>& diagnostics) {
  std::stable_sort(diagnostics.begin(), diagnostics.end(),
                   [](const Diagnostic& a, const Diagnostic& b) {
                     return std::tie(a.file, a.line, a.column, a.code) <
                            std::tie(b.file, b.line, b.column, b.code);
                   });
}

std::string render(std::vector<Diagnostic> diagnostics, const Sources& sources, Format format) {
  sort_by_position(diagnostics);
  switch (format) {
    case Format::Json:
      return render_json(diagnostics, sources);
    case Format::Github:
      return render_github(diagnostics);
    case Format::Human:
      break;
  }
  return render_human(diagnostics, sources);
}

}  // namespace mailpipe::config

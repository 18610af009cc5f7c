#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

namespace mailpipe::config {

enum class Severity { Error, Warning };

/// One thing that is wrong in a pipeline file. Texts may hold foreign text: render() makes it
/// printable.
struct Diagnostic {
  Severity severity = Severity::Error;
  std::string code;  ///< stable, "MP1004"; code_table.hpp explains it
  std::string file;
  int line = 0;  ///< from 1; 0: the file as a whole
  int column = 0;
  int length = 1;       ///< characters to underline
  std::string message;  ///< one line, complete without what follows
  std::string label;    ///< stands behind the underline ("did you mean 'mailboxes'?"), or empty
  std::string help;     ///< what to do or read next, or empty
};

enum class Format { Human, Json, Github };

/// The texts that diagnostics point into, by file name, so that render() can show the line.
using Sources = std::map<std::string, std::string>;

/// All diagnostics in order of file and position, for a person (line, underline, help, closing
/// count), as one JSON document {"diagnostics": [...], "errors": n, "warnings": n, "files": n}, or
/// as GitHub workflow commands. Empty for Human and Github when there is nothing to say.
std::string render(std::vector<Diagnostic> diagnostics, const Sources& sources, Format format);

/// Puts diagnostics in the order in which they are shown: file, line, column, code.
void sort_by_position(std::vector<Diagnostic>& diagnostics);

std::size_t count(const std::vector<Diagnostic>& diagnostics, Severity severity);

}  // namespace mailpipe::config

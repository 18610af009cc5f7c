#include "config/code_table.hpp"

#include <algorithm>
#include <cctype>

namespace mailpipe::config {

// NOLINTNEXTLINE(readability-function-size): a table
const std::vector<CodeEntry>& code_table() {
  static const std::vector<CodeEntry> kTable{
      {"MP1001", "the file cannot be read",
       "The pipeline file is missing, cannot be opened, is larger than 1 MiB, or is not UTF-8 "
       "text. Pipeline files are "
       "small: keep data such as address lists outside of them."},
      {"MP1002", "not valid YAML",
       "The YAML parser does not understand the text at this place. Common causes: a tab used as "
       "indentation (use "
       "spaces), a missing space after a colon, a bracket or quote that is not closed, a value "
       "that starts with * or & "
       "or { and is not quoted."},
      {"MP1003", "a key is there twice",
       "YAML parsers differ in which of two equal keys wins, so mailpipe takes neither. Remove one "
       "of them."},
      {"MP1004", "unknown key or option",
       "The key is neither one of the engine's nor an option of the component. Nothing is ignored "
       "silently, because a "
       "misspelt option would be lost without a word. `mailpipe inspect TYPE` lists the options of "
       "a component."},
      {"MP1005", "YAML feature that pipelines do not have",
       "Pipelines are written in a subset of YAML: no merge keys (<<), no tags (!something), one "
       "document a file, and "
       "keys that are plain text. Write the values out, or share them by an anchor and alias."},
      {"MP1006", "nested too deeply or too large when expanded",
       "Nesting is limited to 32 levels, aliases may expand to 100,000 values and 4 MiB at most, "
       "and an anchor must not "
       "contain an alias to itself."},
      {"MP1007", "a component's option outside of `with:`",
       "Engine keys (type, id, on_remove, ...) stand beside `type:`; the options of the component "
       "stand under `with:`. "
       "Move the key under `with:`."},
      {"MP1008", "an engine key inside of `with:`",
       "Keys such as id, required or on_remove are read by the engine, not by the component, and "
       "stand beside `type:`. "
       "Move the key out of `with:`."},
      {"MP1009", "a required key is missing",
       "The component or block cannot work without this key. Add it."},
      {"MP1010", "a value of the wrong type",
       "The value is, for example, a list where a text is expected. Mind that YAML reads an "
       "unquoted 012 or 1e3 as a "
       "number and true as a boolean: quote what is meant as text."},
      {"MP1011", "not one of the allowed values", "Only the listed values are allowed here."},
      {"MP1012", "a value in the wrong form",
       "Durations look like 90s, 1h30m or 7d; sizes like 64MiB or 10M (M is 10^6, MiB is 2^20); "
       "instants like 2024-01-31 "
       "or 2024-01-31T12:00:00Z; fractions like 10% or 0.1."},
      {"MP1013", "a value out of range",
       "The number, the length of the text or the number of entries is outside of what is "
       "allowed."},
      {"MP1014", "no alternative fits",
       "The value may be written in several ways, and this is none of them."},
      {"MP1015", "refused by the component's schema",
       "The options break a rule of the component's schema that mailpipe has no better words for."},
      {"MP1016", "an option that is going away",
       "The option still works but will be removed. Use the one that replaces it."},
      {"MP1017", "a value that costs something",
       "The value works, and what it costs is easily overlooked: the message says it. Keep it if "
       "that is what you want. "
       "An error with --strict."},
      {"MP1020", "not supported by this version",
       "The key has a meaning in mailpipe's configuration, but this version does not have the "
       "feature yet."},
      {"MP1021", "version of the file format",
       "Every pipeline says `version: 1`, so that later versions of mailpipe know how to read it."},
      {"MP1022", "a name that cannot be used",
       "Names and ids become part of paths, of the ledger and of reports: lower-case letters, "
       "digits, - and _ only, at "
       "most 64 of them."},
      {"MP1023", "a variable that cannot be replaced",
       "${{ vars.x }} is replaced once, by the value under `vars:`, and ${{ matrix.axis }} or "
       "${{ matrix.axis.member }} by that of the cell. The variable must exist, and its own value "
       "cannot hold another ${{ }}. Write $${{ for the characters themselves."},
      {"MP1024", "--set that cannot be applied",
       "--set takes PATH=VALUE, where PATH is keys joined by dots (run.memory, source.with.user); "
       "entries of a list are "
       "named by their number from 0 or by their id (sinks.eml.with.path)."},
      {"MP1025", "a matrix that cannot be expanded",
       "`matrix:` maps each axis to a list of values: texts, or mappings whose `name` says what "
       "the pipeline is called (`account: [{ name: work, user: ann@work.example }]`). It expands "
       "to 256 pipelines at most."},
      {"MP1026", "two pipelines of a matrix with one name",
       "Each pipeline of a matrix has a ledger, a lock and a report of its own, under its name: "
       "the file's and the cell's. Rename one of the two values."},
      {"MP1027", "two pipelines of a matrix in one place",
       "Two pipelines cannot keep their state, or a sink, in one folder. Put the cell's name into "
       "the path: ~/Mail/${{ matrix.account.name }}."},
      {"MP1028", "--select that chooses nothing",
       "--select takes AXIS=VALUE, where the axis is a key under `matrix:` and the value one of "
       "its names; several values are joined by commas, and * stands for any text."},
      {"MP1030", "a template that cannot be read",
       "In a template {field} and {field:format} stand for what is known of a message, {{ and }} "
       "for braces themselves. "
       "Where a regular expression belongs to it, \\1 stands for its first group and \\\\ for a "
       "backslash."},
      {"MP1031", "a field that the template cannot have",
       "The template names a field that does not exist, or that is not known yet when the template "
       "is filled in: where a "
       "message lies follows from its metadata, before its header is read. `mailpipe inspect TYPE` "
       "lists the fields."},
      {"MP1032", "a format that the field cannot have",
       "A time takes the conversions of strftime (%Y-%m-%d). Everything else takes words or slug, "
       "lower or upper, a width "
       "in characters (50) and one in bytes (50b), with commas between them: {subject:slug,50}."},
      {"MP1033", "no regular expression",
       "The text cannot be compiled as a regular expression of PCRE2, which is that of Perl. "
       "Characters such as [ ( . * + ? "
       "stand for themselves behind a backslash: ^\\[Gmail\\]/All Mail$. In YAML write them "
       "between "
       "single quotes, where a "
       "backslash needs no second one."},
      {"MP1040", "a test that cannot be run",
       "Under `tests:` the messages of `given` and the verdicts of `expect` stand for each other, "
       "one "
       "for one; every message of a test has a key of its own; and each member of a verdict goes "
       "with one verdict: reason with drop, until with hold, owner with duplicate, name and "
       "mailboxes with keep."},
      {"MP1101", "unknown component type",
       "No plugin has a component of this type. `mailpipe plugins` lists what was found and where "
       "it was looked for."},
      {"MP1102", "a component of another kind",
       "The type exists, but as another kind: a sink cannot be a source."},
      {"MP1103", "the plugin was refused",
       "A plugin with this type was found but cannot be used: a wrong ABI, a damaged manifest, a "
       "file that others may "
       "write. `mailpipe plugins` shows the reason. The exit status is 5."},
      {"MP1104", "the plugin's schema cannot be used",
       "The JSON Schema in the plugin's manifest is not valid. Tell the plugin's author. The exit "
       "status is 5."},
      {"MP1201", "an id is used twice",
       "Ids name components in the ledger, reports and messages. Give one of the two components an "
       "`id:` of its own."},
      {"MP1202", "no sink", "A pipeline needs at least one sink, or it would back up nothing."},
      {"MP1203", "no required sink",
       "All sinks are best_effort, so nothing would hold the cursor back until a message is "
       "stored. Make one required."},
      {"MP1204", "the sink cannot remove",
       "on_remove: trash and delete need a sink that can remove what it stored. Use keep, or "
       "another sink."},
      {"MP1205", "required and best_effort",
       "A sink is either required (the default) or best_effort."},
      {"MP1206", "a filter that judges for all sinks",
       "The filter compares messages with others of the pipeline and names one that is kept for "
       "them all, which "
       "cannot be said for one sink alone. Move it to the pipeline's own `filters:`."},
      {"MP1207", "two sinks in one place",
       "A sink's folder or file is its alone: the marker in it names one pipeline and one sink. "
       "Give every sink a path of its own."},
      {"MP1301", "a secret in the file",
       "A password or token stands in the pipeline file, where backups, editors and version "
       "control copy it. Use "
       "{$env: NAME}, {$file: path} or {$command: [program, argument]}. An error with --strict."},
      {"MP1302", "an environment variable is missing",
       "{$env: NAME} names a variable that is not set. Set it, or give a default: {$env: NAME, "
       "default: text}."},
      {"MP1303", "a secret inside of a longer text",
       "A variable that holds a secret reference can be used as a whole value only: inside of a "
       "longer text it would "
       "lose its protection."},
      {"MP1304", "a reference that cannot be read",
       "A reference has exactly one of $env: NAME (optionally with default:), $file: path, "
       "$command: [program, ...]."},
      {"MP1305", "a reference that is not allowed here",
       "$file and $command are for secrets. Other options take $env only."},
      {"MP1306", "a secret on the command line",
       "Everybody on this machine can read the arguments of a program while it runs, and shells "
       "keep them. "
       "'--set source.with.token.$env=NAME' says where the secret is instead."},
      {"MP5001", "a plugin that others may change",
       "A plugin is code that runs with your rights. Its file and every folder above it must "
       "belong to root or to you "
       "and not be writable by others. `chmod go-w` on what the message names mends it."},
      {"MP5002", "a plugin built for another mailpipe",
       "The plugin was built for another version of the plugin interface. Install the version of "
       "it that fits, or "
       "build it again."},
      {"MP5003", "not a shared library of this machine",
       "The file is no ELF library, is cut short, or was built for another processor."},
      {"MP5004", "a plugin without a usable manifest",
       "The file lacks the section .mailpipe, or what is in it is damaged. Plugins are built with "
       "mailpipe_add_plugin()."},
      {"MP5005", "two plugins in each other's place",
       "Two files have the same plugin id, or a component of the same type. mailpipe uses neither, "
       "because the one "
       "that is found first may be an old copy. Remove one."},
      {"MP5006", "the dynamic linker refused the plugin",
       "A library or function that the plugin needs is missing on this machine. `ldd FILE` shows "
       "what."},
      {"MP5007", "the plugin is not what its manifest says",
       "What the library exports differs from its manifest, or lacks a function that every plugin "
       "must have. Tell the "
       "plugin's author."},
  };
  return kTable;
}

std::optional<std::string> explain(std::string_view code) {
  std::string upper(code);
  std::transform(upper.begin(), upper.end(), upper.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  for (const CodeEntry& entry : code_table()) {
    if (entry.code == upper) {
      return std::string(entry.code) + ": " + std::string(entry.title) + "\n\n" +
             std::string(entry.text) + "\n";
    }
  }
  return std::nullopt;
}

}  // namespace mailpipe::config

// Messages that are there get other flags, or go.
#include "file_flags.hpp"
#include "maildir_sink.hpp"

#include <mailpipe/printable.hpp>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace mailpipe::maildir {
namespace {

bool contains(const std::vector<std::string>& keywords, const std::string& keyword) {
  return std::any_of(keywords.begin(), keywords.end(),
                     [&](const auto& each) { return equal_but_for_case(each, keyword); });
}

/// Those of `keywords` that `others` has not.
std::vector<std::string> without(const std::vector<std::string>& keywords,
                                 const std::vector<std::string>& others) {
  std::vector<std::string> out;
  std::copy_if(keywords.begin(), keywords.end(), std::back_inserter(out),
               [&](const auto& each) { return !contains(others, each); });
  return out;
}

/// In the trash it lies as here.
std::vector<std::string> trash_folder(const Location& location) {
  std::vector<std::string> out = split(location.folder);
  out.emplace_back(name_of(location.sub));
  return out;
}

}  // namespace

std::string MaildirSink::update(const Receipt& receipt, const Item& item) {
  constexpr int kTries = 5;
  Folders& folders = writable();
  for (int i = 0; i < kTries; ++i) {
    const auto from = file_of(receipt);
    if (!from) {
      host_.log(LogLevel::Info, "'" + printable(path_of(receipt.location)) +
                                    "' is not there any more; its flags are in the ledger");
      return receipt.location;
    }
    Folder& folder = *folders.at(from->folder);
    const FileName name = parse_name(from->name);
    const std::string gone = letters_of(folder, without(receipt.keywords, item.keywords), false);
    std::string letters = letters_of(folder, without(item.keywords, receipt.keywords), true);
    for (const char letter : name.flags) {
      if (gone.find(letter) == std::string::npos) {
        letters += letter;
      }
    }
    const Sub sub = letters.empty() ? from->sub : Sub::Cur;
    const Location to{from->folder, sub, name_with(name.base, std::move(letters), name.rest)};
    if ((!name.has_info && to.name == std::string(name.base) + ":2,") ||
        to.text() == from->text()) {
      folders.changed(folder, from->sub);  // by a run, perhaps, that could not sync it any more
      return from->text();
    }
    if (folder.keywords != nullptr && (folder.keywords->changed() || folder.keywords->unsure())) {
      write_keywords();  // no name on disk has a letter that no table knows
    }
    int result = fs_.rename_noreplace(folder.sub(from->sub).fd(), from->name.c_str(),
                                      folder.sub(sub).fd(), to.name.c_str());
    if (result == -EEXIST && lies_there(to, content_of(receipt))) {
      // The message came back under a key whose copy still lies here, with other flags: one file does for both.
      result = fs_.unlinkat(folder.sub(from->sub).fd(), from->name.c_str(), 0);
    }
    if (result >= 0) {
      folders.changed(folder, from->sub);
      folders.changed(folder, sub);
      return to.text();
    }
    if (result != -ENOENT) {
      throw_errno(result, "cannot rename", path_of(from->text()));
    }
    // A reader was faster: once more, with the flags that it set.
  }
  throw Error(ErrorClass::Transient,
              "'" + printable(path_of(receipt.location)) + "' is renamed again and again");
}

void MaildirSink::remove(const Receipt& receipt, Removal how) {
  Folders& folders = writable();
  const auto there = file_of(receipt);
  if (!there) {
    folders.unsure();
    return;  // done already, by a run that could not sync it, perhaps
  }
  if (!lies_there(*there, content_of(receipt))) {
    host_.log(LogLevel::Warn, "'" + printable(path_of(there->text())) +
                                  "' is not what was stored there; it stays as it is");
    return;
  }
  Folder& folder = *folders.at(there->folder);
  const File& sub = folder.sub(there->sub);
  if (how == Removal::Trash) {
    trash_.take(sub, there->name, trash_folder(*there));
  } else if (const int removed = fs_.unlinkat(sub.fd(), there->name.c_str(), 0);
             removed < 0 && removed != -ENOENT) {
    throw_errno(removed, "cannot remove", path_of(there->text()));
  }
  folders.changed(folder, there->sub);
}

}  // namespace mailpipe::maildir

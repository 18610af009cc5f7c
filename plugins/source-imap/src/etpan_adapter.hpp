#pragma once

#include "response.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mailpipe::imap {

/// libetpan's parser as a function of one bounded, checked line: no stream, no session, no handler. The only file that sees it.
///
/// It reads FLAGS and INTERNALDATE of FETCH, LIST and ID. The rest is read by our own tokenizer, because of what libetpan 1.9.4
/// does with it (all tried):
///   numbers            wrap at 2^32: UID 4294967300 is 4; RFC822.SIZE too. So UIDs, sizes and MODSEQ.
///   tagged lines, "+"  "tag OK" without a text is fatal.
///   response codes     become a type each, or nothing; "* OK" without a text is rejected.
///   STATUS             names keep their quotes, literal names are lost; SIZE and MAILBOXID lose the response.
///   SEARCH, ESEARCH    71 octets of memory a UID; MODSEQ and ESEARCH are rejected. VANISHED: a list as well.
///   X-GM-LABELS        rejected where a label is a bare \Sent, as in Gmail's own documentation.
///   literals           leak where what holds them is rejected. In LIST our tokenizer reads them. So do strings among FLAGS.
///   NAMESPACE          rejected with NIL as separator or an extension (RFC 2342's own examples).
///   EMAILID, SAVEDATE, X-GUID, literal8, unknown items, ENVELOPE, BODYSTRUCTURE: rejected, or recursion without an end; never
///                      shown to it.
///
/// Threads  One at a time.
class EtpanAdapter {
 public:
  EtpanAdapter();
  ~EtpanAdapter();
  EtpanAdapter(const EtpanAdapter&) = delete;
  EtpanAdapter& operator=(const EtpanAdapter&) = delete;

  /// "(\Seen $Forwarded)"; nothing when libetpan does not take it.
  std::optional<std::vector<std::string>> flags(std::string_view list);

  /// "\"17-Jul-1996 02:44:25 -0700\""; nothing when it is no date.
  std::optional<std::chrono::sys_seconds> internal_date(std::string_view quoted);

  /// "* LIST (\Sent) \"/\" name", without extended data; nothing when libetpan does not take it.
  std::optional<ListEntry> list(std::string_view line);

  /// "* ID (...)"; nothing when libetpan does not take it.
  std::optional<IdData> id(std::string_view line);

 private:
  struct Parser;
  std::unique_ptr<Parser> parser_;
};

}  // namespace mailpipe::imap

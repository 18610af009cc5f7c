#include "etpan_adapter.hpp"

#include "tokenizer.hpp"

#include <mailpipe/c_ptr.hpp>
#include <mailpipe/error.hpp>

#include <libetpan/libetpan.h>

#include <algorithm>

// Exported by the library, in none of its headers.
extern "C" int mailimap_response_data_parse(mailstream* stream, MMAPString* buffer,
                                            struct mailimap_parser_context* context,
                                            size_t* position,
                                            struct mailimap_response_data** result, size_t rate,
                                            progress_function* progress);

namespace mailpipe::imap {

namespace {

using Response = CPtr<mailimap_response_data, mailimap_response_data_free>;

template <class T, class Visit>
void each(clist* list, Visit visit) {
  if (list == nullptr) {
    return;
  }
  for (clistiter* at = clist_begin(list); at != nullptr; at = clist_next(at)) {
    visit(*static_cast<T*>(clist_content(at)));
  }
}

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return text;
}

std::string text_or_empty(const char* text) {
  return text == nullptr ? "" : text;
}

std::string flag_name(const mailimap_flag_fetch& entry) {
  if (entry.fl_type == MAILIMAP_FLAG_FETCH_RECENT || entry.fl_flag == nullptr) {
    return "\\Recent";
  }
  const mailimap_flag& flag = *entry.fl_flag;
  switch (flag.fl_type) {
    case MAILIMAP_FLAG_ANSWERED:
      return "\\Answered";
    case MAILIMAP_FLAG_FLAGGED:
      return "\\Flagged";
    case MAILIMAP_FLAG_DELETED:
      return "\\Deleted";
    case MAILIMAP_FLAG_SEEN:
      return "\\Seen";
    case MAILIMAP_FLAG_DRAFT:
      return "\\Draft";
    case MAILIMAP_FLAG_KEYWORD:
      return text_or_empty(flag.fl_data.fl_keyword);
    default:
      return "\\" + text_or_empty(flag.fl_data.fl_extension);
  }
}

std::vector<std::string> attributes_of(const mailimap_mbx_list_flags* flags) {
  std::vector<std::string> out;
  if (flags == nullptr) {
    return out;
  }
  if (flags->mbf_type == MAILIMAP_MBX_LIST_FLAGS_SFLAG) {
    constexpr const char* kNames[] = {"", "\\marked", "\\noselect", "\\unmarked"};
    if (flags->mbf_sflag > 0 && flags->mbf_sflag < 4) {
      out.emplace_back(kNames[flags->mbf_sflag]);
    }
  }
  each<mailimap_mbx_list_oflag>(flags->mbf_oflags, [&](const mailimap_mbx_list_oflag& flag) {
    out.push_back(flag.of_type == MAILIMAP_MBX_LIST_OFLAG_NOINFERIORS
                      ? "\\noinferiors"
                      : "\\" + lower(text_or_empty(flag.of_flag_ext)));
  });
  return out;
}

std::optional<std::chrono::sys_seconds> instant(const mailimap_date_time& time) {
  using std::chrono::hours;
  using std::chrono::minutes;
  using std::chrono::seconds;
  using std::chrono::sys_seconds;
  const auto day = std::chrono::year(time.dt_year) /
                   std::chrono::month(static_cast<unsigned>(time.dt_month)) /
                   std::chrono::day(static_cast<unsigned>(time.dt_day));
  const int zone = time.dt_zone < 0 ? -time.dt_zone : time.dt_zone;
  if (!day.ok() || time.dt_hour < 0 || time.dt_hour > 23 || time.dt_min < 0 || time.dt_min > 59 ||
      time.dt_sec < 0 || time.dt_sec > 60 || zone > 2359) {
    return std::nullopt;
  }
  const minutes offset = hours(zone / 100) + minutes(zone % 100);
  const sys_seconds local = std::chrono::sys_days(day) + hours(time.dt_hour) +
                            minutes(time.dt_min) + seconds(time.dt_sec);
  return time.dt_zone < 0 ? local + offset : local - offset;
}

}  // namespace

struct EtpanAdapter::Parser {
  // Only to make the context, which copies what it needs of it.
  CPtr<mailimap, mailimap_free> session{mailimap_new(0, nullptr)};
  CPtr<mailimap_parser_context, mailimap_parser_context_free> context{
      session ? mailimap_parser_context_new(session.get()) : nullptr};
  CPtr<MMAPString, mmap_string_free> buffer{mmap_string_sized_new(1024)};

  Response parse(std::string_view line) const {
    if (line.find('\n') != std::string_view::npos) {
      return nullptr;
    }
    std::size_t position = 0;
    mailimap_response_data* result = nullptr;
    if (mmap_string_truncate(buffer.get(), 0) == nullptr ||
        mmap_string_append_len(buffer.get(), line.data(), line.size()) == nullptr ||
        mmap_string_append_len(buffer.get(), "\r\n", 2) == nullptr) {
      throw Error(ErrorClass::Internal, "out of memory for a response");
    }
    context->msg_body_handler = nullptr;
    const int code = mailimap_response_data_parse(nullptr, buffer.get(), context.get(), &position,
                                                  &result, 0, nullptr);
    return Response(code == MAILIMAP_NO_ERROR ? result : nullptr);
  }

  /// The items of "* 1 FETCH (<item>)".
  Response parse_item(std::string_view name, std::string_view value) const {
    return parse("* 1 FETCH (" + std::string(name) + " " + std::string(value) + ")");
  }
};

EtpanAdapter::EtpanAdapter() : parser_(std::make_unique<Parser>()) {
  if (!parser_->context || !parser_->buffer) {
    throw Error(ErrorClass::Internal, "libetpan gives no parser");
  }
}

EtpanAdapter::~EtpanAdapter() = default;

namespace {

clist* items_of(const Response& response) {
  if (!response || response->rsp_type != MAILIMAP_RESP_DATA_TYPE_MESSAGE_DATA) {
    return nullptr;
  }
  const mailimap_msg_att* items = response->rsp_data.rsp_message_data->mdt_msg_att;
  return items == nullptr ? nullptr : items->att_list;
}

}  // namespace

std::optional<std::vector<std::string>> EtpanAdapter::flags(std::string_view list) {
  // Anything else than atoms would be rejected, and strings leak.
  if (!list.starts_with('(') || list.find_first_of("\"(){", 1) != list.size() - 1) {
    return std::nullopt;
  }
  const Response response = parser_->parse_item("FLAGS", list);
  clist* items = items_of(response);
  if (items == nullptr) {
    return std::nullopt;
  }
  std::vector<std::string> out;
  each<mailimap_msg_att_item>(items, [&](const mailimap_msg_att_item& item) {
    if (item.att_type == MAILIMAP_MSG_ATT_ITEM_DYNAMIC) {
      each<mailimap_flag_fetch>(
          item.att_data.att_dyn->att_list,
          [&](const mailimap_flag_fetch& flag) { out.push_back(flag_name(flag)); });
    }
  });
  return out;
}

std::optional<std::chrono::sys_seconds> EtpanAdapter::internal_date(std::string_view quoted) {
  const Response response = parser_->parse_item("INTERNALDATE", quoted);
  std::optional<std::chrono::sys_seconds> date;
  each<mailimap_msg_att_item>(items_of(response), [&](const mailimap_msg_att_item& item) {
    if (item.att_type == MAILIMAP_MSG_ATT_ITEM_STATIC &&
        item.att_data.att_static->att_type == MAILIMAP_MSG_ATT_INTERNALDATE) {
      date = instant(*item.att_data.att_static->att_data.att_internal_date);
    }
  });
  return date;
}

std::optional<ListEntry> EtpanAdapter::list(std::string_view line) {
  const Response response = parser_->parse(line);
  if (!response || response->rsp_type != MAILIMAP_RESP_DATA_TYPE_MAILBOX_DATA) {
    return std::nullopt;
  }
  const mailimap_mailbox_data& data = *response->rsp_data.rsp_mailbox_data;
  if (data.mbd_type != MAILIMAP_MAILBOX_DATA_LIST) {
    return std::nullopt;
  }
  const mailimap_mailbox_list& list = *data.mbd_data.mbd_list;
  ListEntry entry;
  entry.name = list.mb_name;
  if (list.mb_delimiter != '\0') {
    entry.separator = list.mb_delimiter;
  }
  entry.attributes = attributes_of(list.mb_flag);
  return entry;
}

std::optional<IdData> EtpanAdapter::id(std::string_view line) {
  const Response response = parser_->parse(line);
  if (!response || response->rsp_type != MAILIMAP_RESP_DATA_TYPE_EXTENSION_DATA ||
      response->rsp_data.rsp_extension_data->ext_extension != &mailimap_extension_id) {
    return std::nullopt;
  }
  IdData out;
  const auto* params =
      static_cast<const mailimap_id_params_list*>(response->rsp_data.rsp_extension_data->ext_data);
  if (params != nullptr) {
    each<mailimap_id_param>(params->idpa_list, [&](const mailimap_id_param& param) {
      out.fields.emplace_back(lower(text_or_empty(param.idpa_name)),
                              text_or_empty(param.idpa_value));
    });
  }
  return out;
}

}  // namespace mailpipe::imap

#pragma once

#include <mailpipe/filter.hpp>
#include <mailpipe/sink.hpp>
#include <mailpipe/source.hpp>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

namespace mailpipe::run {

enum class OnRemove { Keep, Trash, Delete };

/// A filter of the pipeline, with the id under which its drops are counted.
struct FilterPart {
  std::string id;
  std::shared_ptr<Filter> filter;
  bool places = false;      ///< it chooses places, from metadata alone
  std::string owners = {};  ///< it leaves out duplicates: its written options; else empty
};

struct SinkCapabilities {
  bool link = false, update = false, remove = false, mailboxes = false, read = false, scan = false,
       ordered = false, places = false, metadata = false;
};

struct SinkPart {
  std::string id;
  std::shared_ptr<Sink> sink;
  SinkCapabilities can;
  bool required = true;
  OnRemove on_remove = OnRemove::Keep;
  std::vector<FilterPart> filters;
  std::string root;  ///< what identifies the destination to people and in the marker
  /// As written: with the capability "metadata" every message is updated when they change.
  std::string options;

  bool mirrors() const { return can.remove && on_remove != OnRemove::Keep; }
};

/// The parts of one pipeline, made and owned by the caller; the engine only borrows them.
struct Components {
  std::string source_id;
  std::shared_ptr<Source> source;
  std::vector<FilterPart> filters;
  std::vector<SinkPart> sinks;

  /// No sink ever removes anything, so the copy of a message that is gone at the source still counts.
  bool archive() const {
    return std::all_of(sinks.begin(), sinks.end(),
                       [](const SinkPart& sink) { return sink.on_remove == OnRemove::Keep; });
  }
};

}  // namespace mailpipe::run

#include "file_name.hpp"
#include "message_name.hpp"

#include <mailpipe/error.hpp>
#include <mailpipe/testing/message.hpp>

#include <gtest/gtest.h>

#include <string>

namespace mailpipe::rename {
namespace {

using test::Message;

std::string name(const std::string& text, const Message& message) {
  static const TimeText kUtc("UTC");
  const Body body = message.body();
  FieldValues values(message.item, &body, kUtc);
  return MessageName(text).of(values);
}

std::string key8(const Message& message) {
  return key_text(message.item.key).substr(0, 8);
}

Message mail(const std::string& subject, const std::string& id = "M1") {
  return test::message(id, subject, 1706745598);
}

TEST(MessageName, MakesTheNameOfTheSeedScript) {
  EXPECT_EQ(name("{received_at:%Y%m%d_%H%M%S}_{id}_{subject:50}", mail("Hello, world")),
            "20240131_235958_M1_Hello, world");
  EXPECT_EQ(name("{received_at:%Y%m%d_%H%M%S}_{id}_{subject:words,50}", mail("Hello, world!")),
            "20240131_235958_M1_Hello world");
}

TEST(MessageName, KnowsEveryField) {
  Message message = mail("=?utf-8?Q?Gr=C3=BC=C3=9Fe?=");
  message.octets = "From: =?utf-8?Q?J=C3=B6rg?= <j@example.org>\r\n" + message.octets.substr(21);
  message.item.keywords = {"$seen"};
  message.item.size = 1234;
  EXPECT_EQ(name("{subject}|{from}|{from_address}|{flags}|{size}|{mailbox}|{id}", message),
            "Gr\xC3\xBC\xC3\x9F"
            "e|J\xC3\xB6rg|j@example.org|S|1234|INBOX|M1");
  EXPECT_EQ(name("{key}", message), key_text(message.item.key));
  EXPECT_EQ(name("{digest}", message).size(), 64U);
  EXPECT_EQ(name("{digest:12}", message).size(), 12U);
}

TEST(MessageName, FromIsTheAddressWhereThereIsNoName) {
  EXPECT_EQ(name("{id} {from}", mail("x")), "M1 a@example.org");
}

TEST(MessageName, WhatDoesNotTellMessagesApartGetsAPieceOfTheKey) {
  const Message message = mail("Hi");
  EXPECT_EQ(name("{subject}", message), "Hi_" + key8(message));
  EXPECT_EQ(name("all", message), "all_" + key8(message));
  for (const std::string part :
       {"{id:4}", "{id:lower}", "{id:slug}", "{id:9b}", "{key:7}", "{digest:3b}"}) {
    EXPECT_TRUE(name(part, message).ends_with("_" + key8(message))) << part;
  }
}

TEST(MessageName, WhatTellsMessagesApartGetsNothing) {
  const Message message = mail("Hi");
  EXPECT_EQ(name("{subject} {key:8}", message), "Hi " + key8(message));
  EXPECT_EQ(name("{id}", message), "M1");
  EXPECT_EQ(name("{digest:8}", message).size(), 8U);
}

TEST(MessageName, AnIdThatIsMissingOrTooLongIsTheKeys) {
  Message message = mail("Hi");
  message.item.server_id.clear();
  EXPECT_EQ(name("{id}", message), key_text(message.item.key));
  message.item.server_id = std::string(80, '/');
  EXPECT_EQ(name("{id}", message), key_text(message.item.key));
}

TEST(MessageName, IsCutWhereItIsLongestAndNeverWhatTellsMessagesApart) {
  const std::string id(200, 'i');
  const std::string text =
      name("{received_at:%F}_{subject}_{id}", mail(std::string(10'240, 's'), id));
  EXPECT_EQ(text, "2024-01-31_" + std::string(23, 's') + "_" + id);
  EXPECT_EQ(encode_file_name(text, true).size(), kLongestName);
}

TEST(MessageName, CountsWhatTheEncoderMakesOfIt) {
  const Message message = mail(std::string(300, '/'));
  const std::string text = name("{subject}", message);
  EXPECT_LE(encode_file_name(text, true).size(), kLongestName);
  EXPECT_EQ(text, std::string((kLongestName - 9) / 3, '/') + "_" + key8(message));
}

TEST(MessageName, CutsCharactersNeverInTwo) {
  for (const std::string character : {"\xC3\xA4", "\xE5\xB1\xB1", "\xF0\x9F\x98\x80"}) {
    std::string subject;
    for (int i = 0; i < 300; ++i) {
      subject += character;
    }
    const Message message = mail(subject);
    const std::string text = name("{subject}", message);
    EXPECT_EQ((text.size() - 9) % character.size(), 0U);
    EXPECT_LE(text.size(), kLongestName);
    EXPECT_GT(text.size(), kLongestName - character.size());
  }
}

TEST(MessageName, LiteralsThatAreTooLongAreCutToo) {
  const Message message = mail("Hi");
  const std::string text = name(std::string(500, 'x') + "{subject}", message);
  EXPECT_EQ(text.size(), kLongestName);
  EXPECT_TRUE(text.ends_with("Hi_" + key8(message)));
}

// Sinks take off an extension of theirs.
TEST(MessageName, AnExtensionOfATemplateIsOneAndThatOfAFieldIsNone) {
  EXPECT_EQ(name("{id}.eml", mail("Hi", "x")), "x");
  EXPECT_EQ(name("{id}", mail("Hi", "x.eml")), "x.eml.eml");
}

TEST(MessageName, NeedsNoMoreThanItsFields) {
  EXPECT_EQ(MessageName("{received_at}_{id}_{flags}_{size}_{mailbox}_{key}").needs(),
            Needs::Metadata);
  EXPECT_EQ(MessageName("{subject}").needs(), Needs::Headers);
  EXPECT_EQ(MessageName("{from}").needs(), Needs::Headers);
  EXPECT_EQ(MessageName("{from_address}").needs(), Needs::Headers);
  EXPECT_EQ(MessageName("{subject} {digest}").needs(), Needs::Body);
}

TEST(MessageName, RefusesWhatLintRefuses) {
  EXPECT_THROW(MessageName("{subjct}"), Error);
}

}  // namespace
}  // namespace mailpipe::rename

#pragma once

#include <mailpipe/testing/filter_contract.hpp>

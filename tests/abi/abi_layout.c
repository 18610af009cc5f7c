#include "abi_layout.h"

typedef int not_an_empty_unit;

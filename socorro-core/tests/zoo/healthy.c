/* Nothing is wrong with this one either; accidents happen to copies of it. */
#include "zoo.h"

#include "exports.h"

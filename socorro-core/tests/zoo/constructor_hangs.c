/* A constructor runs while the library is loaded, before anybody can ask anything. */
#include "zoo.h"

__attribute__((constructor)) static void constructor(void) {
    hang();
}

#include "exports.h"

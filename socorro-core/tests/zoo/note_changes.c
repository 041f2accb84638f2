/* A constructor makes the note another than the one in the file. */
#include "zoo.h"

#define NO_NOTE
#include "exports.h"

SOCORRO_EXPORT socorro_note socorro_plugin_note_zoo = {
    .magic = {'S', 'O', 'C', 'O', 'R', 'R', 'O', 'P'},
    .struct_size = sizeof(socorro_note),
    .abi_major = ABI_MAJOR,
    .abi_minor = ABI_MINOR,
    .layout_hash = LAYOUT_HASH,
    .pointer_width = sizeof(void *),
    .byte_order = 0x01020304,
};

__attribute__((constructor)) static void constructor(void) {
    socorro_plugin_note_zoo.abi_minor = 9;
}

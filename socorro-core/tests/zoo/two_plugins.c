/* Two plugins in one library, nothing wrong with either. */
#include "zoo.h"

#define NAME zoo
#include "exports.h"

SOCORRO_PLUGIN_NOTE(other);

static const socorro_plugin other = {
    .struct_size = sizeof(socorro_plugin),
    .abi_major = ABI_MAJOR,
    .abi_minor = ABI_MINOR,
    .kinds = KINDS,
    .capabilities = CAPABILITIES,
    .name = TEXT("other"),
    .version = TEXT(VERSION),
    .build = TEXT("cc"),
    .storage_options = SCHEMA,
    .table = &table,
};

SOCORRO_PLUGIN_ENTRY(other)(const socorro_host *host, socorro_failure *failure) {
    (void)host;
    (void)failure;
    return &other;
}

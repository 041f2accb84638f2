/* What the host sees of an animal. Whatever the animal did not define is healthy. */
#ifndef NAME
#define NAME zoo
#endif
#ifndef RESOURCES
#define RESOURCES NULL
#endif
#ifndef CREATE
#define CREATE healthy_create
#endif
#ifndef SUBMIT
#define SUBMIT healthy_submit
#endif
#ifndef DESTROY
#define DESTROY healthy_destroy
#endif
#ifndef TABLE
#define TABLE &table
#endif
#ifndef TABLE_SIZE
#define TABLE_SIZE sizeof(socorro_table)
#endif
#ifndef PLUGIN_SIZE
#define PLUGIN_SIZE sizeof(socorro_plugin)
#endif
#ifndef KINDS
#define KINDS SOCORRO_KIND_STORAGE
#endif
#ifndef CAPABILITIES
#define CAPABILITIES CAN
#endif
#ifndef PLUGIN_NAME
#define PLUGIN_NAME TEXT(QUOTED(NAME))
#endif
#ifndef VERSION
#define VERSION "1.0.0"
#endif
#ifndef SCHEMA
#define SCHEMA TEXT("{\"type\": \"object\"}")
#endif
#ifndef ENTER
#define ENTER(host, failure) return &plugin
#endif
#ifndef ABI_MAJOR
#define ABI_MAJOR SOCORRO_ABI_MAJOR
#endif
#ifndef ABI_MINOR
#define ABI_MINOR SOCORRO_ABI_MINOR
#endif
#ifndef LAYOUT_HASH
#define LAYOUT_HASH SOCORRO_LAYOUT_HASH
#endif

#define QUOTED_(name) #name
#define QUOTED(name) QUOTED_(name)
#define JOINED_(a, b) a##b
#define JOINED(a, b) JOINED_(a, b)

static const socorro_table table __attribute__((unused)) = {
    .struct_size = TABLE_SIZE,
    .resources = RESOURCES,
    .create = CREATE,
    .submit = SUBMIT,
    .destroy = DESTROY,
};

static const socorro_plugin plugin __attribute__((unused)) = {
    .struct_size = PLUGIN_SIZE,
    .abi_major = ABI_MAJOR,
    .abi_minor = ABI_MINOR,
    .kinds = KINDS,
    .capabilities = CAPABILITIES,
    .name = PLUGIN_NAME,
    .version = TEXT(VERSION),
    .build = TEXT("cc"),
    .storage_options = SCHEMA,
    .source_options = SCHEMA,
    .table = TABLE,
};

#ifndef NO_NOTE
SOCORRO_EXPORT const socorro_note JOINED(socorro_plugin_note_, NAME) = {
    .magic = {'S', 'O', 'C', 'O', 'R', 'R', 'O', 'P'},
    .struct_size = sizeof(socorro_note),
    .abi_major = ABI_MAJOR,
    .abi_minor = ABI_MINOR,
    .layout_hash = LAYOUT_HASH,
    .pointer_width = sizeof(void *),
    .byte_order = 0x01020304,
};
#endif

#ifndef NO_ENTRY
SOCORRO_EXPORT const socorro_plugin *JOINED(socorro_plugin_v0_, NAME)(const socorro_host *host,
                                                                socorro_failure *failure) {
    (void)host;
    (void)failure;
    ENTER(host, failure);
}
#endif

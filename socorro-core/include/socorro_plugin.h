/*
 * The plugin interface of socorro-core: what a storage or a source of crash reports needs to be a library that
 * a host loads at run time. C11 and C++17.
 *
 * Version 0.1. The interface is 0.x until live reload is finished; until then a minor version may break.
 *
 *
 * WHAT A PLUGIN EXPORTS
 *
 * For a plugin named `filesystem` ([a-z][a-z0-9]*(_[a-z0-9]+)*), in libsocorro_plugin_filesystem.so:
 *
 *   const socorro_note socorro_plugin_note_filesystem     plain data, read from the file before it is loaded
 *   socorro_plugin_v0_filesystem                          a socorro_entry, called once an image
 *
 * SOCORRO_PLUGIN_NOTE(filesystem) and SOCORRO_PLUGIN_ENTRY(filesystem)(host, failure) { ... } declare them. One
 * library may hold several plugins. A library is never unloaded; instances come and go.
 *
 *
 * WHO OWNS WHAT
 *
 *  1. A socorro_str, and everything else that is passed by pointer, is lent: valid until the call returns. The
 *     receiver copies what it keeps.
 *  2. A socorro_buf is moved. The receiver calls release(owner) exactly once, from any thread, whatever became
 *     of the call it came in; until then the bytes stay where they are and do not change. release must not
 *     block, unwind or call back. It may be null: then there is nothing to release, and the bytes live as long
 *     as the process. Neither side ever frees memory of the other, and no payload needs to be copied.
 *  3. A socorro_completion is called exactly once on every path: success, failure, cancellation, destruction.
 *     Any thread may do it, also the one that is still inside `submit`. Afterwards its ctx is dead. It takes
 *     over the buffers inside the answer; the answer itself, its array of dumps and their names and paths stay
 *     the caller's. It never blocks, never unwinds, and never calls into the plugin.
 *  4. A socorro_operation is filled by `submit` before it returns. The host calls cancel any number of times,
 *     then release once; both may happen after the completion and after `destroy`. Cancelling is a request: the
 *     completion still comes. All zero stands for an operation that cannot be cancelled.
 *  5. socorro_host, socorro_plugin, socorro_table, the texts in them and the functions they point to live as
 *     long as the process.
 *
 *
 * WHO CALLS WHEN
 *
 *  - The entry function, resources, create and destroy are called on short-lived threads of the host, which may
 *    be blocked up to the deadline. A host that gives up leaves the thread behind; an instance that comes too
 *    late is destroyed.
 *  - submit is called on any thread, concurrently, and returns at once: it takes the operation over and a thread
 *    of the plugin does the work.
 *  - destroy is called once, last. No submit runs during it or comes after it. Operations that still run are
 *    completed, with the kind SOCORRO_ERROR_CANCELLED, before it returns.
 *  - No exception and no longjmp crosses in either direction. A plugin installs no signal handlers.
 *
 *
 * HOW IT GROWS
 *
 *  - The major version is part of the entry symbol's name.
 *  - Types that are passed by value or lie inside another (socorro_str, socorro_buf, socorro_dump,
 *    socorro_completion, socorro_operation, socorro_failure) never change inside a major version.
 *  - The others start with struct_size, the sizeof of whoever wrote them, and grow only at the end. A reader
 *    copies min(struct_size, sizeof) bytes into a zeroed struct, so that what the other side does not know is
 *    zero. Unknown bits and numbers are ignored, an unknown operation is SOCORRO_ERROR_UNSUPPORTED.
 *
 * What the operations promise (idempotence, atomicity, durability, order of lists) is said in the documentation
 * of CrashStorage and NewCrashSource in socorro-core. Ids are 36 characters whose last six are the day, YYMMDD;
 * lists go by day, then by text.
 */
#ifndef SOCORRO_PLUGIN_H
#define SOCORRO_PLUGIN_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define SOCORRO_ABI_MAJOR 0
#define SOCORRO_ABI_MINOR 1

/* Size and offsets of everything in version 0.1: finds a build whose fields are in another order. */
#define SOCORRO_LAYOUT_HASH 0x5fe07108afe5bfe9u

/* ---- plain types ------------------------------------------------------------------------------------------ */

/* Lent UTF-8 text. ptr may be null when len is 0. */
typedef struct socorro_str {
  const uint8_t *ptr;
  size_t len; /* bytes */
} socorro_str;

/* Moved bytes. */
typedef struct socorro_buf {
  const uint8_t *ptr; /* may be null when len is 0 */
  size_t len;         /* bytes */
  void *owner;        /* passed to release */
  void (*release)(void *owner);
} socorro_buf;

/* A dump: in memory, or a file when path is not empty. */
typedef struct socorro_dump {
  socorro_str name;  /* 1 to 64 of [A-Za-z0-9_.-] */
  socorro_buf bytes;
  socorro_str path;  /* bytes of the platform */
} socorro_dump;

/* ---- failures --------------------------------------------------------------------------------------------- */

/* Values of socorro_failure.kind. */
#define SOCORRO_ERROR_NOT_FOUND 1         /* the crash, or the part of it that was asked for, is not there */
#define SOCORRO_ERROR_INVALID_INPUT 2     /* can never be stored */
#define SOCORRO_ERROR_INVALID_CONFIG 3    /* editing the configuration is the only cure */
#define SOCORRO_ERROR_PERMISSION_DENIED 4 /* the backend knows us and refuses */
#define SOCORRO_ERROR_UNAVAILABLE 5       /* the backend cannot be reached or is not in service */
#define SOCORRO_ERROR_TIMEOUT 6           /* the backend did not answer in time */
#define SOCORRO_ERROR_THROTTLED 7         /* the backend asks for less traffic */
#define SOCORRO_ERROR_OVERLOADED 8        /* too much in flight on our side; nothing was sent */
#define SOCORRO_ERROR_CONFLICT 9          /* another writer came first */
#define SOCORRO_ERROR_CORRUPT 10          /* what is stored is not what was saved */
#define SOCORRO_ERROR_UNSUPPORTED 11      /* this store does not do that */
#define SOCORRO_ERROR_CANCELLED 12        /* given up on request */
#define SOCORRO_ERROR_PLUGIN 13           /* the plugin broke its contract */
#define SOCORRO_ERROR_INTERNAL 14         /* a defect */

/* Values of socorro_failure.applied: whether a write that failed may have landed. */
#define SOCORRO_APPLIED_NO 0
#define SOCORRO_APPLIED_YES 1
#define SOCORRO_APPLIED_UNKNOWN 2

/* Values of socorro_failure.scope: what is the trouble. */
#define SOCORRO_SCOPE_ITEM 0  /* this one crash */
#define SOCORRO_SCOPE_STORE 1 /* the store; the next crash will fare no better */

/* Why something failed; moved with its buffers. */
typedef struct socorro_failure {
  uint32_t struct_size;
  uint32_t kind;           /* SOCORRO_ERROR_*; 0 says that nothing failed */
  uint32_t retryable;      /* 1 when the same operation can succeed later */
  uint32_t applied;        /* SOCORRO_APPLIED_* */
  uint32_t scope;          /* SOCORRO_SCOPE_* */
  uint32_t reserved;       /* zero */
  uint64_t retry_after_ms; /* milliseconds plus one; 0 when the backend said nothing */
  socorro_buf message;     /* what happened, where, and what to do about it */
  socorro_buf details;     /* empty, or JSON: {"operation": "...", "storage": "...", "crash_id": "...",
                              "causes": ["..."]}, every member optional */
} socorro_failure;

/* ---- operations ------------------------------------------------------------------------------------------- */

/* Values of socorro_answer.status. */
#define SOCORRO_STATUS_OK 0
#define SOCORRO_STATUS_FAILED 1

/* The end of an operation. */
typedef struct socorro_answer {
  uint32_t struct_size;
  uint32_t status;           /* SOCORRO_STATUS_* */
  socorro_buf data;          /* a document, a dump, or JSON; see SOCORRO_OP_* */
  const socorro_dump *dumps; /* lent, its buffers moved */
  size_t dumps_len;
  socorro_failure failure;   /* set when the status is SOCORRO_STATUS_FAILED */
} socorro_answer;

/* How the host is told that an operation is over. */
typedef struct socorro_completion {
  void *ctx; /* passed to complete */
  void (*complete)(void *ctx, socorro_answer *answer);
} socorro_completion;

/* A running operation. */
typedef struct socorro_operation {
  void *ctx; /* passed to both */
  void (*cancel)(void *ctx);
  void (*release)(void *ctx);
} socorro_operation;

/* Values of socorro_request.operation: what they take -> what they answer. */
#define SOCORRO_OP_SAVE_RAW_CRASH 1         /* crash_id, raw_crash, dumps */
#define SOCORRO_OP_SAVE_PROCESSED_CRASH 2   /* crash_id, processed_crash */
#define SOCORRO_OP_SAVE_RAW_AND_PROCESSED 3 /* crash_id, raw_crash, dumps, processed_crash */
#define SOCORRO_OP_GET_RAW_CRASH 4          /* crash_id -> data: the document */
#define SOCORRO_OP_GET_DUMP 5               /* crash_id, name -> data: the dump */
#define SOCORRO_OP_GET_DUMPS 6              /* crash_id -> dumps, in memory */
#define SOCORRO_OP_GET_DUMPS_AS_FILES 7     /* crash_id, directory -> dumps, as files ID.NAME.dump in it */
#define SOCORRO_OP_GET_PROCESSED_CRASH 8    /* crash_id -> data: the document */
#define SOCORRO_OP_CATALOG 9                /* crash_id -> data: {"entries": [{"part": "raw_crash" |
                                               "processed_crash" | {"dump": "NAME"}, "size": 123 | null}]} */
#define SOCORRO_OP_LIST 10                  /* text: {"from": "YYYY-MM-DD", "to": "YYYY-MM-DD", "after":
                                               "ID" | null, "limit": 1000} -> data: {"ids": ["ID"], "more":
                                               false}, ascending by day and id, after `after` */
#define SOCORRO_OP_DELETE 11                /* crash_id */
#define SOCORRO_OP_HEALTH 12                /* -> data: {"reachable": C, "authenticated": C, "writable": C}
                                               where C is "ok", "unknown" or {"failed": "why"} */
#define SOCORRO_OP_CLOSE 13                 /* storage and source: flush, before destroy */
#define SOCORRO_OP_RECEIVE 32               /* source: count, wait_ms -> data: [{"id": "ID", "token": 1}] */
#define SOCORRO_OP_SETTLE 33                /* source: token, settlement, text: the reason of a nack */

/* Values of socorro_request.settlement. */
#define SOCORRO_SETTLEMENT_ACK 1       /* safe elsewhere; forget it */
#define SOCORRO_SETTLEMENT_NACK 2      /* could not be dealt with; keep it */
#define SOCORRO_SETTLEMENT_GIVE_BACK 3 /* nobody tried; hand it out again */

/* One operation. The plugin owns its buffers from the moment it is called, whatever it answers. */
typedef struct socorro_request {
  uint32_t struct_size;
  uint32_t operation;        /* SOCORRO_OP_* */
  uint64_t timeout_ms;       /* milliseconds until the host loses interest, plus one; 0 without a deadline */
  socorro_str trace_parent;  /* W3C traceparent, or empty */
  socorro_str crash_id;      /* 36 characters */
  socorro_str name;          /* a dump's name */
  socorro_str text;
  socorro_str directory;     /* exists; bytes of the platform */
  socorro_buf raw_crash;     /* a JSON document, kept byte for byte */
  socorro_buf processed_crash;
  const socorro_dump *dumps; /* lent, its buffers moved */
  size_t dumps_len;
  uint64_t token;            /* of a delivery */
  uint64_t wait_ms;
  uint32_t count;            /* at most so many */
  uint32_t settlement;       /* SOCORRO_SETTLEMENT_* */
} socorro_request;

/* ---- what the host offers --------------------------------------------------------------------------------- */

/* Values of socorro_log_record.level. */
#define SOCORRO_LOG_ERROR 1
#define SOCORRO_LOG_WARN 2
#define SOCORRO_LOG_INFO 3
#define SOCORRO_LOG_DEBUG 4
#define SOCORRO_LOG_TRACE 5

/* A log line. */
typedef struct socorro_log_record {
  uint32_t struct_size;
  uint32_t level;      /* SOCORRO_LOG_* */
  socorro_str target;  /* what filters go by, such as my_plugin::storage */
  socorro_str message;
  socorro_str file;    /* or empty */
  uint32_t line;       /* or 0 */
  uint32_t reserved;   /* zero */
} socorro_log_record;

/* Values of socorro_metric.kind. */
#define SOCORRO_METRIC_COUNTER 1   /* adds value */
#define SOCORRO_METRIC_GAUGE 2     /* sets value */
#define SOCORRO_METRIC_HISTOGRAM 3 /* records value */

/* A measurement. */
typedef struct socorro_metric {
  uint32_t struct_size;
  uint32_t kind;      /* SOCORRO_METRIC_* */
  socorro_str name;   /* such as my_plugin_saves_total */
  socorro_str labels; /* key=value pairs separated by newlines, or empty */
  double value;
} socorro_metric;

/* Bit of socorro_host.flags: host and plugin are linked into one image. */
#define SOCORRO_HOST_SAME_IMAGE 1

/* What the host offers. Lives as long as the process; its functions take any thread. */
typedef struct socorro_host {
  uint32_t struct_size;
  uint16_t abi_major;
  uint16_t abi_minor;
  uint64_t flags;
  void *ctx;                 /* passed to the functions */
  const uint32_t *log_level; /* most detailed level worth logging, 0 to 5; read it atomically, it changes */
  void (*log)(void *ctx, const socorro_log_record *record);
  void (*metric)(void *ctx, const socorro_metric *metric);
} socorro_host;

/* ---- what a plugin offers --------------------------------------------------------------------------------- */

/* Values of socorro_create.kind, bits of socorro_plugin.kinds. */
#define SOCORRO_KIND_STORAGE 1
#define SOCORRO_KIND_SOURCE 2

/* Bits of socorro_plugin.capabilities and socorro_instance.capabilities. */
#define SOCORRO_CAN_SAVE_RAW 1
#define SOCORRO_CAN_SAVE_PROCESSED 2
#define SOCORRO_CAN_GET_RAW 4
#define SOCORRO_CAN_GET_DUMPS 8
#define SOCORRO_CAN_GET_PROCESSED 16
#define SOCORRO_CAN_CATALOG 32
#define SOCORRO_CAN_LIST 64
#define SOCORRO_CAN_DELETE 128
#define SOCORRO_CAN_DURABLE 256        /* what it acknowledged survives a power loss */
#define SOCORRO_CAN_DECLINES_DUMPS 512 /* takes the raw crash but drops the dumps */

/* How to make an instance. */
typedef struct socorro_create {
  uint32_t struct_size;
  uint32_t kind;             /* SOCORRO_KIND_* */
  socorro_str name;          /* the configured name, for messages */
  socorro_str options;       /* a JSON object; defaults not filled in, secrets resolved */
  uint32_t worker_threads;   /* threads for all instances together; 0 for the plugin's own choice */
  uint32_t blocking_threads; /* threads for blocking work; likewise */
  uint64_t timeout_ms;       /* milliseconds until the host gives up */
} socorro_create;

/* What create made. */
typedef struct socorro_instance {
  uint32_t struct_size;  /* set by the host before the call */
  uint32_t reserved;     /* zero */
  void *ctx;             /* passed to submit and destroy; not null */
  uint64_t capabilities; /* SOCORRO_CAN_*, of a storage */
} socorro_instance;

/* The functions of a plugin. */
typedef struct socorro_table {
  uint32_t struct_size;
  uint32_t reserved; /* zero */
  /* May be null. Says what an instance with these options needs for itself, so that no other claims it too:
     JSON [{"kind": "storage directory", "name": "/var/lib/x"}]. Looks at nothing but the options and, to make
     paths canonical, the local disk. Returns 0, or 1 with the failure. Each may have "exchange", which says how
     the old and the new instance of a reload may meet at it: "overlap", the default; "handover": both may be
     open, the new one gets its first operation after the old one was destroyed; "break_before_make": the new one
     is created after the old one was destroyed. A host ignores members that it does not know. */
  uint32_t (*resources)(const socorro_create *create, socorro_buf *resources, socorro_failure *failure);
  /* Fills instance and returns 0, or fills failure and returns 1. */
  uint32_t (*create)(const socorro_create *create, socorro_instance *instance, socorro_failure *failure);
  /* Fills operation and returns at once. */
  void (*submit)(void *ctx, const socorro_request *request, socorro_completion done,
                 socorro_operation *operation);
  /* Returns 0 when nothing of the instance is left, 1 when something still runs after timeout_ms. */
  uint32_t (*destroy)(void *ctx, uint64_t timeout_ms);
} socorro_table;

/* A plugin. */
typedef struct socorro_plugin {
  uint32_t struct_size;
  uint16_t abi_major;
  uint16_t abi_minor;
  uint32_t kinds;              /* bits SOCORRO_KIND_* */
  uint32_t reserved;           /* zero */
  uint64_t capabilities;       /* SOCORRO_CAN_*: what an instance can do at most */
  socorro_str name;            /* as in the symbols */
  socorro_str version;         /* of the plugin */
  socorro_str build;           /* compiler and libraries, for people */
  socorro_str storage_options; /* JSON Schema 2020-12 of a storage's options; empty when it is none */
  socorro_str source_options;  /* likewise of a source's */
  const socorro_table *table;
} socorro_plugin;

/* The entry: returns the plugin, or null and the failure. */
typedef const socorro_plugin *(*socorro_entry)(const socorro_host *host, socorro_failure *failure);

/* Plain data in the file. */
typedef struct socorro_note {
  uint8_t magic[8]; /* SOCORROP */
  uint32_t struct_size;
  uint16_t abi_major;
  uint16_t abi_minor;
  uint64_t layout_hash;
  uint32_t pointer_width; /* 4 or 8 */
  uint32_t byte_order;    /* 0x01020304 in the plugin's byte order */
} socorro_note;

/* ---- declaring a plugin ----------------------------------------------------------------------------------- */

#if defined(__GNUC__) || defined(__clang__)
#define SOCORRO_EXPORT __attribute__((visibility("default")))
#else
#define SOCORRO_EXPORT
#endif

#ifdef __cplusplus
#define SOCORRO_EXTERN extern "C" SOCORRO_EXPORT
#else
#define SOCORRO_EXTERN extern SOCORRO_EXPORT
#endif

/* A socorro_str of a string literal. */
#ifdef __cplusplus
#define SOCORRO_STR(literal) (socorro_str{(const uint8_t *)(literal), sizeof(literal) - 1})
#else
#define SOCORRO_STR(literal) ((socorro_str){(const uint8_t *)(literal), sizeof(literal) - 1})
#endif

/* SOCORRO_PLUGIN_NOTE(name) defines the note. */
#define SOCORRO_PLUGIN_NOTE(name)                                                                                \
  SOCORRO_EXTERN const socorro_note socorro_plugin_note_##name;                                                  \
  const socorro_note socorro_plugin_note_##name = {                                                              \
      {'S', 'O', 'C', 'O', 'R', 'R', 'O', 'P'}, (uint32_t)sizeof(socorro_note), SOCORRO_ABI_MAJOR,               \
      SOCORRO_ABI_MINOR, SOCORRO_LAYOUT_HASH, (uint32_t)sizeof(void *), 0x01020304u}

/* SOCORRO_PLUGIN_ENTRY(name)(const socorro_host *host, socorro_failure *failure) { ... } defines the entry. */
#define SOCORRO_PLUGIN_ENTRY(name) SOCORRO_EXTERN const socorro_plugin *socorro_plugin_v0_##name

#ifdef __cplusplus
}
#endif

#endif /* SOCORRO_PLUGIN_H */

/* ab_journal_format: the bytes of a journal, version 1. The only place that knows them; docs/journal-format.md tells the same in prose.
 *
 *      segment  <base position, 16 hex digits>.journal       little endian, preallocated, zeros behind the last record
 *      0        +------------------------------------------+
 *               | header                       4,096 bytes |  AB_SEGMENT_*, written once before the file gets its name
 *      4,096    +------------------------------------------+
 *               | record | record | ... | commit           |  one batch: one write, visible as a whole or not at all
 *               | record | commit                          |
 *               | epoch                                    |  epoch, seal and hole end a batch too
 *               | ...                                      |
 *               | seal                                     |
 *               +------------------------------------------+
 *
 *      record   0 u32 length | 4 u32 crc | 8 u64 sequence | 16 i64 time_ns | 24 i32 session | 28 u16 stream | 30 u16 flags
 *               32 i64 stream position | 40 payload | zeros to a multiple of 8
 *
 * Rules of this file
 *   - A CRC covers bytes 8 .. padded length, and before them the segment's uuid, the record's offset and its length: bytes at another
 *     place, of another segment or of an earlier use are never valid.
 *   - Everything a reader believes is checked first: ab_format_check touches nothing outside `available`.
 *   - A change that an old reader would misread gets a new AB_JOURNAL_VERSION.
 */
#ifndef AB_JOURNAL_FORMAT_H
#define AB_JOURNAL_FORMAT_H

#include <stddef.h>
#include <stdint.h>

#include "ab_bytes.h"
#include "ab_crc32c.h"
#include "ab_journal.h"

#define AB_JOURNAL_VERSION 1u
#define AB_JOURNAL_HEADER 4096u

/* "ABJOURN\1", "ABINDEX\1", "ABCHECK\1" read as little-endian numbers. */
#define AB_SEGMENT_MAGIC UINT64_C(0x014e52554f4a4241)
#define AB_INDEX_MAGIC UINT64_C(0x015845444e494241)
#define AB_CHECKPOINT_MAGIC UINT64_C(0x014b434548434241)

/* ---- records ---- */

#define AB_RECORD_HEADER 40u
#define AB_RECORD_CONTROL (AB_RECORD_COMMIT | AB_RECORD_EPOCH | AB_RECORD_SEAL | AB_RECORD_HOLE)

/* A commit's payload: 0 u32 count | 4 u32 chain | 8 u64 first | 16 u64 next sequence | 24 i64 durable position when it was written */
#define AB_COMMIT_PAYLOAD 32u
/* An epoch's: 0 u32 epoch | 4 u32 reason | 8 i64 cut bytes | 16 i64 realtime | 24 i64 durable position */
#define AB_EPOCH_PAYLOAD 32u
/* A seal's: 0 u64 records | 8 u64 next sequence | 16 i64 time of the last | 24 u32 chain | 28 u32 0 */
#define AB_SEAL_PAYLOAD 32u
/* A hole has none: sequence = first lost, stream position = how many, session = bytes from it to the next record. */

#define AB_CONTROL_LENGTH 72u /* of a commit, an epoch, a seal */

/* A batch is at most so long, unless one record alone is longer. */
#define AB_BATCH_MAX 1048576u
#define AB_BATCH_LIMIT (AB_BATCH_MAX + AB_JOURNAL_PAYLOAD_MAX + AB_RECORD_HEADER + 2 * AB_CONTROL_LENGTH)

enum ab_epoch_reason { AB_EPOCH_CREATED = 1, AB_EPOCH_OPENED = 2, AB_EPOCH_RECOVERED = 3, AB_EPOCH_RESUMED = 4 };

static inline uint64_t ab_padded(uint64_t length) { return (length + 7) & ~UINT64_C(7); }

/* What all CRCs of a segment begin with. */
static inline uint32_t ab_format_seed(const uint8_t segment_uuid[16]) { return ab_crc32c_extend(0, segment_uuid, 16); }

/* The stored CRC of the record at `p` (padded, at `offset` of its file). */
static inline uint32_t ab_format_crc(uint32_t seed, const uint8_t *p, uint64_t offset, uint32_t length) {
    uint8_t place[16];
    ab_put_le64(place, offset);
    ab_put_le64(place + 8, length);
    uint32_t crc = ab_crc32c_extend(seed, place, sizeof place);
    return ab_crc32c_mask(ab_crc32c_extend(crc, p + 8, (size_t)ab_padded(length) - 8));
}

/* The chain: a CRC over the stored CRCs of a segment's records, in order. */
static inline uint32_t ab_format_chain(uint32_t chain, const uint8_t *p) { return ab_crc32c_extend(chain, p + 4, 4); }

enum { AB_CHECK_ZERO = 0, AB_CHECK_MORE = -1, AB_CHECK_BAD = -2 };

/* Is there a record at `p`, `available` bytes of which are here, at `offset` of a segment of `end` bytes? Its padded length, or zero length
 * (AB_CHECK_ZERO), more bytes needed (AB_CHECK_MORE), none (AB_CHECK_BAD). */
static inline int64_t ab_format_check(uint32_t seed, const uint8_t *p, uint64_t available, uint64_t offset, uint64_t end) {
    if (available < AB_RECORD_HEADER) {
        return offset + AB_RECORD_HEADER > end ? AB_CHECK_ZERO : AB_CHECK_MORE;
    }
    uint32_t length = ab_le32(p);
    if (length == 0) {
        return AB_CHECK_ZERO;
    }
    uint64_t padded = ab_padded(length);
    if (length < AB_RECORD_HEADER || length > AB_RECORD_HEADER + AB_JOURNAL_PAYLOAD_MAX || padded > end - offset) {
        return AB_CHECK_BAD;
    }
    if (padded > available) {
        return AB_CHECK_MORE;
    }
    return ab_le32(p + 4) == ab_format_crc(seed, p, offset, length) ? (int64_t)padded : AB_CHECK_BAD;
}

static inline uint64_t ab_record_sequence(const uint8_t *p) { return ab_le64(p + 8); }
static inline int64_t ab_record_time(const uint8_t *p) { return (int64_t)ab_le64(p + 16); }
static inline uint16_t ab_record_flags(const uint8_t *p) { return ab_le16(p + 30); }

/* Write a record's header without its CRC. */
static inline void ab_format_head(uint8_t *p, uint64_t sequence, const ab_journal_record *record) {
    ab_put_le32(p, AB_RECORD_HEADER + record->length);
    ab_put_le64(p + 8, sequence);
    ab_put_le64(p + 16, (uint64_t)record->time_ns);
    ab_put_le32(p + 24, (uint32_t)record->session_id);
    ab_put_le16(p + 28, record->stream);
    ab_put_le16(p + 30, record->flags);
    ab_put_le64(p + 32, (uint64_t)record->stream_position);
}

/* Write the CRCs of the records that lie one after the other in `length` bytes at `p`, the first at `offset` of its file. Headers, payloads
 * and padding are in place. The chain behind them. */
uint32_t ab_format_seal(uint8_t *p, size_t length, uint32_t seed, uint64_t offset, uint32_t chain);

/* Write a record's header and CRC; payload and padding are in place. */
void ab_format_record(uint8_t *p, uint32_t seed, uint64_t offset, uint64_t sequence, const ab_journal_record *record);

/* ---- segments ---- */

typedef struct {
    uint64_t segment_length;
    uint8_t recording[16];
    uint8_t uuid[16];
    uint8_t previous[16];   /* uuid of the segment before, zeros: none */
    int64_t base_position;
    uint64_t base_sequence;
    int64_t created_ns;
    int64_t previous_end;   /* position where the records of the one before end: what lies behind is not part of the recording */
    int64_t previous_time;  /* of the last record before this segment, 0: none */
    uint32_t previous_chain;
    uint32_t epoch;
} ab_segment_header;

void ab_format_header_put(uint8_t page[AB_JOURNAL_HEADER], const ab_segment_header *header);

/* AB_OK, AB_CORRUPT (CRC), AB_REFUSED (magic, version); `why` says which. */
int ab_format_header_get(const uint8_t page[AB_JOURNAL_HEADER], ab_segment_header *header, const char **why);

/* Position and file offset of one place. */
static inline int64_t ab_position_of(const ab_segment_header *header, uint64_t offset) {
    return header->base_position + (int64_t)(offset - AB_JOURNAL_HEADER);
}
static inline int64_t ab_next_base(const ab_segment_header *header) {
    return header->base_position + (int64_t)(header->segment_length - AB_JOURNAL_HEADER);
}

/* ---- checkpoint: three slots of 512 bytes. 0 and 1 are written in turn and synced; 2 is written after each sync and is not. ---- */

#define AB_CHECKPOINT_SLOT 512u
#define AB_CHECKPOINT_SLOTS 3u
enum { AB_CHECKPOINT_CLEAN = 1, AB_CHECKPOINT_POISONED = 2 };

/* A claim: below `offset` of that segment all is durable. True whenever it can be read, as it is written after the sync. */
typedef struct {
    uint64_t generation;
    uint8_t recording[16];
    uint8_t segment[16];
    int64_t base_position;
    uint64_t offset;
    uint64_t next_sequence;
    uint64_t records; /* of the segment, below offset */
    int64_t last_time;
    uint32_t epoch;
    uint32_t chain;
    uint32_t flags;
    uint64_t cache;   /* which page cache it was written into (ab_storage): is what we read its bytes, or the disk's? */
} ab_checkpoint;

void ab_format_checkpoint_put(uint8_t slot[AB_CHECKPOINT_SLOT], const ab_checkpoint *checkpoint);
int ab_format_checkpoint_get(const uint8_t slot[AB_CHECKPOINT_SLOT], ab_checkpoint *checkpoint); /* 1 valid, 0 not */

/* ---- index: <base position>.index: a header, then an entry each 4,096 records or 1 MiB. A hint: nothing believes it unchecked. ---- */

#define AB_INDEX_HEADER 32u
#define AB_INDEX_ENTRY 32u
#define AB_INDEX_RECORDS 4096u
#define AB_INDEX_BYTES 1048576u

typedef struct {
    uint64_t sequence; /* of the first record of the batch at offset */
    int64_t time_ns;
    uint64_t offset;
} ab_index_entry;

void ab_format_index_header(uint8_t bytes[AB_INDEX_HEADER], const uint8_t segment_uuid[16]);
void ab_format_index_put(
    uint8_t bytes[AB_INDEX_ENTRY], const uint8_t segment_uuid[16], uint64_t number, const ab_index_entry *entry);
int ab_format_index_get(
    const uint8_t bytes[AB_INDEX_ENTRY], const uint8_t segment_uuid[16], uint64_t number, ab_index_entry *entry);

#endif

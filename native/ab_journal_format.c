/* ab_journal_format.c: encode and decode the fixed structures of a journal. See ab_journal_format.h. */
#include "ab_journal_format.h"

#include <string.h>

void ab_format_record(uint8_t *p, uint32_t seed, uint64_t offset, uint64_t sequence, const ab_journal_record *record) {
    ab_format_head(p, sequence, record);
    ab_put_le32(p + 4, ab_format_crc(seed, p, offset, AB_RECORD_HEADER + record->length));
}

uint32_t ab_format_seal(uint8_t *p, size_t length, uint32_t seed, uint64_t offset, uint32_t chain) {
    size_t at = 0;
    while (at < length) {
        const uint8_t *covered[3];
        uint64_t places[3][2];
        size_t start[3], lengths[3];
        int count = 0;
        for (; count < 3 && at < length; count++) {
            uint32_t said = ab_le32(p + at);
            uint64_t padded = ab_padded(said);
            places[count][0] = offset + at;
            places[count][1] = said;
            covered[count] = p + at + 8;
            lengths[count] = (size_t)padded - 8;
            start[count] = at;
            at += padded;
        }
        if (count < 3) {
            for (int i = 0; i < count; i++) {
                ab_put_le32(p + start[i] + 4, ab_format_crc(seed, p + start[i], offset + start[i], (uint32_t)places[i][1]));
                chain = ab_format_chain(chain, p + start[i]);
            }
            break;
        }
        uint32_t crc[3];
        uint8_t stored[12];
        ab_crc32c_placed3(crc, seed, places, covered, lengths);
        for (int i = 0; i < 3; i++) {
            crc[i] = ab_crc32c_mask(crc[i]);
            ab_put_le32(p + start[i] + 4, crc[i]);
        }
        ab_put_le64(stored, crc[0] | (uint64_t)crc[1] << 32);
        ab_put_le32(stored + 8, crc[2]);
        chain = ab_crc32c_extend(chain, stored, sizeof stored); /* as ab_format_chain for one after the other */
    }
    return chain;
}

/* Header: 0 magic | 8 version | 12 header length | 16 segment length | 24 recording | 40 uuid | 56 base position | 64 base sequence
 * 72 created | 80 previous uuid | 96 previous end | 104 previous chain | 108 epoch | 112 previous time | zeros | 4092 crc */
void ab_format_header_put(uint8_t page[AB_JOURNAL_HEADER], const ab_segment_header *header) {
    memset(page, 0, AB_JOURNAL_HEADER);
    ab_put_le64(page, AB_SEGMENT_MAGIC);
    ab_put_le32(page + 8, AB_JOURNAL_VERSION);
    ab_put_le32(page + 12, AB_JOURNAL_HEADER);
    ab_put_le64(page + 16, header->segment_length);
    memcpy(page + 24, header->recording, 16);
    memcpy(page + 40, header->uuid, 16);
    ab_put_le64(page + 56, (uint64_t)header->base_position);
    ab_put_le64(page + 64, header->base_sequence);
    ab_put_le64(page + 72, (uint64_t)header->created_ns);
    memcpy(page + 80, header->previous, 16);
    ab_put_le64(page + 96, (uint64_t)header->previous_end);
    ab_put_le32(page + 104, header->previous_chain);
    ab_put_le32(page + 108, header->epoch);
    ab_put_le64(page + 112, (uint64_t)header->previous_time);
    ab_put_le32(page + AB_JOURNAL_HEADER - 4, ab_crc32c_mask(ab_crc32c(page, AB_JOURNAL_HEADER - 4)));
}

int ab_format_header_get(const uint8_t page[AB_JOURNAL_HEADER], ab_segment_header *header, const char **why) {
    int whole = ab_le32(page + AB_JOURNAL_HEADER - 4) == ab_crc32c_mask(ab_crc32c(page, AB_JOURNAL_HEADER - 4));
    if (ab_le64(page) != AB_SEGMENT_MAGIC) {
        *why = "its first eight bytes are not those of a journal segment";
        return AB_REFUSED;
    }
    if (!whole) {
        *why = "the checksum of its header page is wrong";
        return AB_CORRUPT;
    }
    if (ab_le32(page + 8) != AB_JOURNAL_VERSION) {
        *why = "it is written in another version of the format; use the actorbus it was written by";
        return AB_REFUSED;
    }
    header->segment_length = ab_le64(page + 16);
    memcpy(header->recording, page + 24, 16);
    memcpy(header->uuid, page + 40, 16);
    header->base_position = (int64_t)ab_le64(page + 56);
    header->base_sequence = ab_le64(page + 64);
    header->created_ns = (int64_t)ab_le64(page + 72);
    memcpy(header->previous, page + 80, 16);
    header->previous_end = (int64_t)ab_le64(page + 96);
    header->previous_chain = ab_le32(page + 104);
    header->epoch = ab_le32(page + 108);
    header->previous_time = (int64_t)ab_le64(page + 112);
    if (header->segment_length < AB_JOURNAL_SEGMENT_MIN || header->segment_length > AB_JOURNAL_SEGMENT_MAX ||
        (header->segment_length & (header->segment_length - 1)) != 0 || header->base_position < 0) {
        *why = "its header names an impossible length or position"; /* a whole header that we never write */
        return AB_REFUSED;
    }
    return AB_OK;
}

/* Slot: 0 magic | 8 version | 12 flags | 16 generation | 24 recording | 40 segment | 56 base position | 64 offset | 72 next sequence
 * 80 records | 88 last time | 96 epoch | 100 chain | zeros | 508 crc */
void ab_format_checkpoint_put(uint8_t slot[AB_CHECKPOINT_SLOT], const ab_checkpoint *checkpoint) {
    memset(slot, 0, AB_CHECKPOINT_SLOT);
    ab_put_le64(slot, AB_CHECKPOINT_MAGIC);
    ab_put_le32(slot + 8, AB_JOURNAL_VERSION);
    ab_put_le32(slot + 12, checkpoint->flags);
    ab_put_le64(slot + 16, checkpoint->generation);
    memcpy(slot + 24, checkpoint->recording, 16);
    memcpy(slot + 40, checkpoint->segment, 16);
    ab_put_le64(slot + 56, (uint64_t)checkpoint->base_position);
    ab_put_le64(slot + 64, checkpoint->offset);
    ab_put_le64(slot + 72, checkpoint->next_sequence);
    ab_put_le64(slot + 80, checkpoint->records);
    ab_put_le64(slot + 88, (uint64_t)checkpoint->last_time);
    ab_put_le32(slot + 96, checkpoint->epoch);
    ab_put_le32(slot + 100, checkpoint->chain);
    ab_put_le64(slot + 104, checkpoint->cache);
    ab_put_le32(slot + AB_CHECKPOINT_SLOT - 4, ab_crc32c_mask(ab_crc32c(slot, AB_CHECKPOINT_SLOT - 4)));
}

int ab_format_checkpoint_get(const uint8_t slot[AB_CHECKPOINT_SLOT], ab_checkpoint *checkpoint) {
    if (ab_le64(slot) != AB_CHECKPOINT_MAGIC || ab_le32(slot + 8) != AB_JOURNAL_VERSION ||
        ab_le32(slot + AB_CHECKPOINT_SLOT - 4) != ab_crc32c_mask(ab_crc32c(slot, AB_CHECKPOINT_SLOT - 4))) {
        return 0;
    }
    checkpoint->flags = ab_le32(slot + 12);
    checkpoint->generation = ab_le64(slot + 16);
    memcpy(checkpoint->recording, slot + 24, 16);
    memcpy(checkpoint->segment, slot + 40, 16);
    checkpoint->base_position = (int64_t)ab_le64(slot + 56);
    checkpoint->offset = ab_le64(slot + 64);
    checkpoint->next_sequence = ab_le64(slot + 72);
    checkpoint->records = ab_le64(slot + 80);
    checkpoint->last_time = (int64_t)ab_le64(slot + 88);
    checkpoint->epoch = ab_le32(slot + 96);
    checkpoint->chain = ab_le32(slot + 100);
    checkpoint->cache = ab_le64(slot + 104);
    return 1;
}

/* Index header: 0 magic | 8 version | 12 0 | 16..28 first 12 bytes of the uuid | 28 crc over 28 bytes, seeded with the whole uuid */
void ab_format_index_header(uint8_t bytes[AB_INDEX_HEADER], const uint8_t segment_uuid[16]) {
    ab_put_le64(bytes, AB_INDEX_MAGIC);
    ab_put_le32(bytes + 8, AB_JOURNAL_VERSION);
    ab_put_le32(bytes + 12, 0);
    memcpy(bytes + 16, segment_uuid, 12);
    ab_put_le32(bytes + 28, ab_crc32c_mask(ab_crc32c_extend(ab_format_seed(segment_uuid), bytes, 28)));
}

static uint32_t entry_crc(const uint8_t bytes[AB_INDEX_ENTRY], const uint8_t segment_uuid[16], uint64_t number) {
    uint8_t place[8];
    ab_put_le64(place, number);
    return ab_crc32c_mask(ab_crc32c_extend(ab_crc32c_extend(ab_format_seed(segment_uuid), place, 8), bytes, 28));
}

/* Entry: 0 sequence | 8 time | 16 offset | 24 0 | 28 crc, seeded with uuid and number */
void ab_format_index_put(
    uint8_t bytes[AB_INDEX_ENTRY], const uint8_t segment_uuid[16], uint64_t number, const ab_index_entry *entry) {
    ab_put_le64(bytes, entry->sequence);
    ab_put_le64(bytes + 8, (uint64_t)entry->time_ns);
    ab_put_le64(bytes + 16, entry->offset);
    ab_put_le32(bytes + 24, 0);
    ab_put_le32(bytes + 28, entry_crc(bytes, segment_uuid, number));
}

int ab_format_index_get(
    const uint8_t bytes[AB_INDEX_ENTRY], const uint8_t segment_uuid[16], uint64_t number, ab_index_entry *entry) {
    if (ab_le32(bytes + 28) != entry_crc(bytes, segment_uuid, number)) {
        return 0;
    }
    *entry = (ab_index_entry){
        .sequence = ab_le64(bytes), .time_ns = (int64_t)ab_le64(bytes + 8), .offset = ab_le64(bytes + 16)};
    return 1;
}

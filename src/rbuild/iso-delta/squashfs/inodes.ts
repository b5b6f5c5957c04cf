/** A run of data blocks as an inode has it: where it starts, and the sizes of its blocks. Bit 24 of a size says that the block is not compressed. */
export interface BlockRun {
  readonly start: number;
  readonly sizes: readonly number[];
}

const NO_FRAGMENT = 0xffff_ffff;

/**
 * The data blocks of all files, from a squashfs's inode table. Linux, `fs/squashfs/squashfs_fs.h`.
 * @throws RangeError when the table is not as it should be
 */
export function* blockRuns(table: Buffer, inodes: number, blockSize: number): Generator<BlockRun> {
  let at = 0;
  for (let inode = 0; inode < inodes; inode++) {
    const type = table.readUInt16LE(at);
    switch (type) {
      case 1: // directory
        at += 32;
        break;
      case 2: {
        const [start, fragment, size] = [table.readUInt32LE(at + 16), table.readUInt32LE(at + 20), table.readUInt32LE(at + 28)];
        const sizes = readSizes(table, at + 32, size, fragment, blockSize);
        yield { start, sizes };
        at += 32 + 4 * sizes.length;
        break;
      }
      case 9: {
        const [start, size, fragment] = [Number(table.readBigUInt64LE(at + 16)), Number(table.readBigUInt64LE(at + 24)), table.readUInt32LE(at + 44)];
        const sizes = readSizes(table, at + 56, size, fragment, blockSize);
        yield { start, sizes };
        at += 56 + 4 * sizes.length;
        break;
      }
      case 8: {
        // directory with an index: entries of twelve bytes and a name
        let count = table.readUInt16LE(at + 32);
        for (at += 40; count > 0; count--) at += 13 + table.readUInt32LE(at + 8);
        break;
      }
      case 3: // symbolic link
      case 10:
        at += 24 + table.readUInt32LE(at + 20) + (type === 10 ? 4 : 0);
        break;
      case 4: // block and character device
      case 5:
      case 13: // FIFO and socket with extended attributes
      case 14:
        at += 24;
        break;
      case 11: // devices with extended attributes
      case 12:
        at += 28;
        break;
      case 6: // FIFO and socket
      case 7:
        at += 20;
        break;
      default:
        throw new RangeError(`an inode of type ${type}`);
    }
  }
}

function readSizes(table: Buffer, at: number, size: number, fragment: number, blockSize: number): number[] {
  const count = fragment === NO_FRAGMENT ? Math.ceil(size / blockSize) : Math.floor(size / blockSize);
  if (count > (table.byteLength - at) / 4) throw new RangeError(`an inode of ${count} blocks`);
  return Array.from({ length: count }, (_, index) => table.readUInt32LE(at + 4 * index));
}

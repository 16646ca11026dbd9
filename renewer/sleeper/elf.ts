/**
 * The sleeper as an executable file: an ELF header, one program header and the machine code of `x86_64.s` or
 * `aarch64.s`. No sections, no symbols, nothing to link: under half a kilobyte, one page in memory. Pure.
 *
 *   0    64  ELF header (System V ABI, figure 4-3): 64 bit, little endian, ET_EXEC
 *   64   56  program header: one segment, the whole file, readable and executable
 *   120      code; the entry point
 */
import { machineCode } from './machine-code.ts';

const loadAddress = 0x400000;
const codeOffset = 64 + 56;

/** e_machine by `process.arch`. */
const machines: Readonly<Record<string, number>> = { x64: 62, arm64: 183 };

/** Bytes of the executable, or undefined where there is none for this architecture. */
export function sleeperExecutable(architecture: string): Buffer | undefined {
  const machine = machines[architecture];
  const code = Buffer.from(machineCode[architecture] ?? '', 'hex');
  if (machine === undefined || code.length === 0) return undefined;
  const size = codeOffset + code.length;

  const header = Buffer.alloc(codeOffset);
  header.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1], 0); // magic, ELFCLASS64, ELFDATA2LSB, EV_CURRENT
  header.writeUInt16LE(2, 16); // e_type ET_EXEC
  header.writeUInt16LE(machine, 18);
  header.writeUInt32LE(1, 20); // e_version
  header.writeBigUInt64LE(BigInt(loadAddress + codeOffset), 24); // e_entry
  header.writeBigUInt64LE(64n, 32); // e_phoff
  header.writeUInt16LE(64, 52); // e_ehsize
  header.writeUInt16LE(56, 54); // e_phentsize
  header.writeUInt16LE(1, 56); // e_phnum

  header.writeUInt32LE(1, 64); // p_type PT_LOAD
  header.writeUInt32LE(5, 68); // p_flags R, X
  header.writeBigUInt64LE(BigInt(loadAddress), 80); // p_vaddr
  header.writeBigUInt64LE(BigInt(loadAddress), 88); // p_paddr
  header.writeBigUInt64LE(BigInt(size), 96); // p_filesz
  header.writeBigUInt64LE(BigInt(size), 104); // p_memsz
  header.writeBigUInt64LE(0x10000n, 112); // p_align: the largest page size of 64-bit ARM
  return Buffer.concat([header, code]);
}

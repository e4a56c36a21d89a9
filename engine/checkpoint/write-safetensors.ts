/** Tensors as the bytes of a safetensors file. */

export interface WrittenTensor {
  dtype: 'F32' | 'I32' | 'U8' | 'I8';
  shape: readonly number[];
  data: Float32Array | Int32Array | Uint8Array;
}

/** Data begins at a multiple of this, as the format's own writer has it. */
const ALIGNMENT = 8;

interface Described {
  name: string;
  dtype: string;
  shape: readonly number[];
  /** Bytes of its data. */
  length: number;
}

/** What stands before the data of these tensors, one behind the other; names are unique. */
export function encodeHeader(tensors: readonly Described[], metadata?: Record<string, string>): Buffer {
  const entries: Record<string, object> = metadata ? { __metadata__: metadata } : {};
  let end = 0;
  for (const { name, dtype, shape, length } of tensors) {
    entries[name] = { dtype, shape, data_offsets: [end, end + length] };
    end += length;
  }
  const json = Buffer.from(JSON.stringify(entries));
  const text = Buffer.alloc(Math.ceil(json.length / ALIGNMENT) * ALIGNMENT, ' ');
  json.copy(text);
  const size = Buffer.alloc(8);
  size.writeBigUInt64LE(BigInt(text.length));
  return Buffer.concat([size, text]);
}

/** In the order given; names are unique. */
export function encodeSafetensors(tensors: Readonly<Record<string, WrittenTensor>>): Uint8Array {
  const described = Object.entries(tensors).map(([name, { dtype, shape, data }]) => {
    return { name, dtype, shape, length: data.byteLength };
  });
  const parts = Object.values(tensors).map(({ data }) =>
    Buffer.from(data.buffer, data.byteOffset, data.byteLength),
  );
  return new Uint8Array(Buffer.concat([encodeHeader(described), ...parts]));
}

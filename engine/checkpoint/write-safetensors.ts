/** Tensors as the bytes of a safetensors file. */

export interface WrittenTensor {
  dtype: 'F32' | 'I32' | 'U8' | 'I8';
  shape: readonly number[];
  data: Float32Array | Int32Array | Uint8Array;
}

/** In the order given; names are unique. */
export function encodeSafetensors(tensors: Readonly<Record<string, WrittenTensor>>): Uint8Array {
  let end = 0;
  const header: Record<string, { dtype: string; shape: readonly number[]; data_offsets: number[] }> = {};
  for (const [name, { dtype, shape, data }] of Object.entries(tensors)) {
    header[name] = { dtype, shape, data_offsets: [end, end + data.byteLength] };
    end += data.byteLength;
  }
  const text = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  const parts = Object.values(tensors).map(({ data }) =>
    Buffer.from(data.buffer, data.byteOffset, data.byteLength),
  );
  return new Uint8Array(Buffer.concat([length, text, ...parts]));
}

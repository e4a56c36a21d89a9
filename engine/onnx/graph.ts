/**
 * Builds ONNX graphs. Knows operators, initializers and external data; knows no model.
 *
 * Weights are external data: the model's bytes only say file, offset and length of each tensor in the
 * checkpoint's own safetensors files, so nothing is copied. Float16 and bfloat16 tensors get a Cast to
 * float32, which onnxruntime folds when it loads the session: all arithmetic here is float32.
 *
 * Conventions: a `Value` is a tensor's name in the graph. Linear layers take 2-D rows [n, in] and use
 * `Gemm(transB=1)`, which reads torch's [out, in] layout without a copy.
 */
import {
  type Attribute,
  AttributeProto,
  ELEMENT_TYPE,
  type ElementType,
  type Initializer,
  ModelProto,
  type Node,
  TensorProto,
  type ValueInfo,
} from './protobuf.ts';
import { int4Linear, int8Linear } from './quantised-linear.ts';
import { roundedLinear } from './rounded-linear.ts';

const OPSET = 21;
const MICROSOFT_OPSET = 1;
const IR_VERSION = 10;

/** The name of a tensor inside a graph. */
export type Value = string & { readonly __value: unique symbol };

export const FLOAT_WEIGHTS = ['float32', 'float16', 'bfloat16'] as const;
export const QUANTISED_WEIGHTS = ['uint8', 'int8'] as const;
export type WeightType = (typeof FLOAT_WEIGHTS)[number] | (typeof QUANTISED_WEIGHTS)[number];

/** Where a tensor's bytes lie. `file` is relative to the folder of the `WeightSource`. */
export interface WeightLocation {
  elementType: WeightType;
  shape: readonly number[];
  file: string;
  offset: number;
  length: number;
}

/** What a graph needs of a checkpoint (implemented by checkpoint/). */
export interface WeightSource {
  /** The one real folder that holds every file named by `locate`. */
  readonly folder: string;
  has(name: string): boolean;
  /** @throws TuskError `checkpoint-damaged` if the tensor is missing, has another shape or none of the types. */
  locate(name: string, shape: readonly number[], types: readonly WeightType[]): WeightLocation;
  /** Whether a linear layer's weight is rounded to 8 bits on loading. Absent: none is. */
  isRounded?(name: string): boolean;
  /** How attention is written. Absent: fused. */
  readonly attention?: AttentionForm;
}

/** `plain`: three products with the scores whole in memory, for devices whose fused operator gives wrong numbers. */
export type AttentionForm = 'fused' | 'plain';

/** A finished graph: serialized ModelProto and the folder its external data is relative to. */
export interface BuiltGraph {
  name: string;
  bytes: Uint8Array;
  folder: string;
  /** Kinds of its nodes, each once. */
  operators: readonly string[];
}

type AttributeValue =
  | number
  | { float: number }
  | string
  | readonly number[]
  | { floats: readonly number[] }
  | GraphBuilder;
export type Attributes = Record<string, AttributeValue>;
export type Dimension = number | string;

/** Floats need `{ float: x }` (or `{ floats: [...] }`), since JavaScript doesn't tell 1 from 1.0. */
function toAttribute(name: string, value: AttributeValue): Attribute {
  const type = AttributeProto.AttributeType;
  if (typeof value === 'number') return { name, type: type.INT, i: value };
  if (typeof value === 'string') return { name, type: type.STRING, s: new TextEncoder().encode(value) };
  if (value instanceof GraphBuilder) return { name, type: type.GRAPH, g: value.toGraph() };
  if (Array.isArray(value)) return { name, type: type.INTS, ints: [...value] };
  if ('float' in value) return { name, type: type.FLOAT, f: value.float };
  return { name, type: type.FLOATS, floats: [...(value as { floats: readonly number[] }).floats] };
}

function toValueInfo(name: string, elementType: ElementType, shape: readonly Dimension[]): ValueInfo {
  const dim = shape.map((d) => (typeof d === 'number' ? { dimValue: d } : { dimParam: d }));
  return { name, type: { tensorType: { elemType: ELEMENT_TYPE[elementType], shape: { dim } } } };
}

export class GraphBuilder {
  private readonly nodes: Node[] = [];
  private readonly initializers: Initializer[] = [];
  private readonly inputs: ValueInfo[] = [];
  private readonly outputs: ValueInfo[] = [];
  private readonly declared = new Set<string>();
  private readonly weightValues = new Map<string, Value>();
  private readonly constantValues = new Map<string, Value>();
  private counter = 0;

  /** @param parent given for the body of an `If`: names of the outer graph may then be used inside. */
  constructor(
    readonly name: string,
    private readonly weights: WeightSource,
    private readonly parent?: GraphBuilder,
  ) {}

  /** A builder for a subgraph (the branch of an `If`); weights and constants go to the outermost graph. */
  subgraph(name: string): GraphBuilder {
    return new GraphBuilder(name, this.weights, this);
  }

  hasWeight(name: string): boolean {
    return this.weights.has(name);
  }

  input(name: string, elementType: ElementType, shape: readonly Dimension[]): Value {
    this.inputs.push(toValueInfo(name, elementType, shape));
    return name as Value;
  }

  /** Names `value` as a graph output. Subgraph outputs need no shape knowledge beyond rank. */
  output(name: string, value: Value, elementType: ElementType, shape: readonly Dimension[]): void {
    this.nodes.push({ opType: 'Identity', input: [value], output: [name] });
    this.outputs.push(toValueInfo(name, elementType, shape));
  }

  /** One node with one output. */
  op(type: string, inputs: readonly (Value | null)[], attributes: Attributes = {}, domain = ''): Value {
    return this.ops(type, inputs, 1, attributes, domain)[0]!;
  }

  /** One node with several outputs. A null input is an omitted optional one. */
  ops(
    type: string,
    inputs: readonly (Value | null)[],
    outputCount: number,
    attributes: Attributes = {},
    domain = '',
  ): Value[] {
    const output = Array.from({ length: outputCount }, () => this.fresh(type));
    this.nodes.push({
      opType: type,
      domain,
      name: output[0]!,
      input: inputs.map((v) => v ?? ''),
      output,
      attribute: Object.entries(attributes).map(([name, value]) => toAttribute(name, value)),
    });
    return output;
  }

  /** A checkpoint tensor as float32, checked against the shape the config implies. */
  weight(name: string, shape: readonly number[]): Value {
    if (this.parent) return this.parent.weight(name, shape);
    const known = this.weightValues.get(name);
    if (known) return known;
    const at = this.declare(name, shape);
    const value = at.elementType === 'float32' ? (name as Value) : this.widen(name as Value);
    this.weightValues.set(name, value);
    return value;
  }

  /**
   * Rows of an embedding table [rows, width] as float32, for ids of any shape. Only the rows looked up are
   * widened, so a table in 16 bits stays memory-mapped.
   */
  embedding(ids: Value, name: string, rows: number, width: number): Value {
    const at = this.declare(name, [rows, width]);
    const found = this.op('Gather', [name as Value, ids], { axis: 0 });
    return at.elementType === 'float32' ? found : this.widen(found);
  }

  /** A tensor of whole numbers as it is stored. */
  quantisedWeight(name: string, shape: readonly number[]): Value {
    this.declare(name, shape, QUANTISED_WEIGHTS);
    return name as Value;
  }

  private widen = (value: Value) => this.op('Cast', [value], { to: ELEMENT_TYPE.float32 });

  /** The checkpoint tensor as an initializer in its own type, named like the tensor. */
  private declare(
    name: string,
    shape: readonly number[],
    types: readonly WeightType[] = FLOAT_WEIGHTS,
  ): WeightLocation {
    if (this.parent) return this.parent.declare(name, shape, types);
    const at = this.weights.locate(name, shape, types);
    if (this.declared.has(name)) return at;
    this.declared.add(name);
    this.initializers.push({
      name,
      dataType: ELEMENT_TYPE[at.elementType],
      dims: [...at.shape],
      dataLocation: TensorProto.DataLocation.EXTERNAL,
      externalData: [
        { key: 'location', value: at.file },
        { key: 'offset', value: String(at.offset) },
        { key: 'length', value: String(at.length) },
      ],
    });
    return at;
  }

  /** Small constant inside the model's bytes. Shape [] is a scalar; equal constants are shared. */
  floats(data: readonly number[] | Float32Array, shape: readonly number[]): Value {
    return this.constant('float32', Float32Array.from(data), shape);
  }

  ints(data: readonly number[], shape: readonly number[] = [data.length]): Value {
    return this.constant('int64', BigInt64Array.from(data, BigInt), shape);
  }

  scalar(value: number): Value {
    return this.floats([value], []);
  }

  private constant(elementType: ElementType, data: ArrayBufferView, shape: readonly number[]): Value {
    if (this.parent) return this.parent.constant(elementType, data, shape);
    const rawData = new Uint8Array(data.buffer, data.byteOffset, data.byteLength).slice();
    const key =
      rawData.length <= 1024
        ? `${elementType}[${shape}]${Buffer.from(rawData).toString('base64')}`
        : undefined;
    const known = key === undefined ? undefined : this.constantValues.get(key);
    if (known) return known;
    const name = this.fresh('constant');
    this.initializers.push({ name, dataType: ELEMENT_TYPE[elementType], dims: [...shape], rawData });
    if (key !== undefined) this.constantValues.set(key, name);
    return name;
  }

  private fresh(stem: string): Value {
    if (this.parent) return this.parent.fresh(stem);
    this.counter += 1;
    return `${stem}_${this.counter}` as Value;
  }

  add = (a: Value, b: Value) => this.op('Add', [a, b]);
  sub = (a: Value, b: Value) => this.op('Sub', [a, b]);
  mul = (a: Value, b: Value) => this.op('Mul', [a, b]);
  div = (a: Value, b: Value) => this.op('Div', [a, b]);
  matmul = (a: Value, b: Value) => this.op('MatMul', [a, b]);
  sigmoid = (x: Value) => this.op('Sigmoid', [x]);
  silu = (x: Value) => this.mul(x, this.sigmoid(x));

  /** Shape entries: 0 keeps the input's, -1 is inferred (ONNX Reshape). */
  reshape = (x: Value, shape: readonly number[]) => this.op('Reshape', [x, this.ints(shape)]);
  transpose = (x: Value, permutation: readonly number[]) => this.op('Transpose', [x], { perm: permutation });
  concat = (values: readonly Value[], axis: number) => this.op('Concat', values, { axis });
  softmax = (x: Value, axis = -1) => this.op('Softmax', [x], { axis });

  slice(x: Value, axis: number, start: number, end: number): Value {
    return this.op('Slice', [x, this.ints([start]), this.ints([end]), this.ints([axis])]);
  }

  /** Parts of the given sizes along `axis`. */
  split(x: Value, axis: number, sizes: readonly number[]): Value[] {
    return this.ops('Split', [x, this.ints(sizes)], sizes.length, { axis });
  }

  /** rows [n, in] -> [n, out]; `prefix`.weight is [out, in], `prefix`.bias [out] if `bias`. */
  linear(x: Value, prefix: string, inWidth: number, outWidth: number, bias: boolean): Value {
    const weight = `${prefix}.weight`;
    const quantised = this.quantisedLinear(x, weight, inWidth, outWidth);
    if (quantised) return bias ? this.add(quantised, this.weight(`${prefix}.bias`, [outWidth])) : quantised;
    const inputs = [x, this.weight(weight, [outWidth, inWidth])];
    if (bias) inputs.push(this.weight(`${prefix}.bias`, [outWidth]));
    return this.op('Gemm', inputs, { transB: 1 });
  }

  private quantisedLinear(x: Value, weight: string, inWidth: number, outWidth: number): Value | undefined {
    if (this.hasWeight(`${weight}.int4`)) return int4Linear(this, x, weight, inWidth, outWidth);
    if (this.hasWeight(`${weight}.int8`)) return int8Linear(this, x, weight, inWidth, outWidth);
    if (this.weights.isRounded?.(weight)) return roundedLinear(this, x, weight, inWidth, outWidth);
    return undefined;
  }

  /** x / sqrt(mean x^2 + eps) * weight over the last axis of `width`. */
  rmsNorm(x: Value, weightName: string, width: number, epsilon: number): Value {
    return this.rmsNormBy(x, this.weight(weightName, [width]), epsilon);
  }

  /** The same with a computed weight. */
  rmsNormBy(x: Value, weight: Value, epsilon: number): Value {
    return this.op('SimplifiedLayerNormalization', [x, weight], {
      axis: -1,
      epsilon: { float: epsilon },
      stash_type: 1,
    });
  }

  layerNorm(x: Value, prefix: string, width: number, epsilon: number): Value {
    const inputs = [x, this.weight(`${prefix}.weight`, [width]), this.weight(`${prefix}.bias`, [width])];
    return this.op('LayerNormalization', inputs, { axis: -1, epsilon: { float: epsilon } });
  }

  /** x [1, in, h, w] -> [1, out, h', w'] with a square kernel and equal padding on all sides (or [top, left, bottom, right]). */
  convolution(
    x: Value,
    prefix: string,
    inChannels: number,
    outChannels: number,
    kernel: number,
    { stride = 1, pads = [0, 0, 0, 0] }: { stride?: number; pads?: readonly number[] } = {},
  ): Value {
    const weight = this.weight(`${prefix}.weight`, [outChannels, inChannels, kernel, kernel]);
    const bias = this.weight(`${prefix}.bias`, [outChannels]);
    return this.op('Conv', [x, weight, bias], {
      kernel_shape: [kernel, kernel],
      strides: [stride, stride],
      pads,
    });
  }

  /** 3x3, stride 1, size kept. */
  convolution3 = (x: Value, prefix: string, inChannels: number, outChannels: number) =>
    this.convolution(x, prefix, inChannels, outChannels, 3, { pads: [1, 1, 1, 1] });

  /** Group norm of x [1, channels, h, w] without weights. From InstanceNormalization, which WebGPU has too. */
  plainGroupNorm(x: Value, groups: number, epsilon: number): Value {
    const ones = this.floats(new Float32Array(groups).fill(1), [groups]);
    const zeros = this.floats(new Float32Array(groups), [groups]);
    const grouped = this.reshape(x, [0, groups, -1]);
    const normed = this.op('InstanceNormalization', [grouped, ones, zeros], { epsilon: { float: epsilon } });
    return this.op('Reshape', [normed, this.op('Shape', [x])]);
  }

  /**
   * Group norm with `prefix`.weight and `prefix`.bias of [channels]. The batch norm of mean 0 and variance 1 is the
   * one operator that scales and shifts each channel in a single pass.
   */
  groupNorm(x: Value, prefix: string, channels: number, groups: number, epsilon: number): Value {
    const perChannel = (value: number) => this.floats(new Float32Array(channels).fill(value), [channels]);
    const affine = ['weight', 'bias'].map((name) => this.weight(`${prefix}.${name}`, [channels]));
    const inputs = [this.plainGroupNorm(x, groups, epsilon), ...affine, perChannel(0), perChannel(1)];
    return this.op('BatchNormalization', inputs, { epsilon: { float: 0 } });
  }

  /**
   * softmax(q k' / sqrt(head)) v, every query seeing every key: queries [n, heads * head], keys and values
   * [m, heads * head] -> [n, heads * head]. Fused, the scores never lie in memory whole.
   */
  attention(query: Value, key: Value, value: Value, heads: number, width: number): Value {
    if (this.weights.attention === 'plain') return this.plainAttention(query, key, value, heads, width);
    const [q, k, v] = [query, key, value].map((rows) => this.reshape(rows, [1, -1, width]));
    const attributes = { num_heads: heads, scale: { float: (width / heads) ** -0.5 } };
    const mixed = this.op('MultiHeadAttention', [q!, k!, v!], attributes, 'com.microsoft');
    return this.reshape(mixed, [-1, width]);
  }

  private plainAttention(query: Value, key: Value, value: Value, heads: number, width: number): Value {
    const head = width / heads;
    const perHead = (rows: Value, order: readonly number[]) =>
      this.transpose(this.reshape(rows, [-1, heads, head]), order);
    const scaled = this.mul(perHead(query, [1, 0, 2]), this.scalar(head ** -0.5));
    const weights = this.softmax(this.matmul(scaled, perHead(key, [1, 2, 0])));
    const mixed = this.matmul(weights, perHead(value, [1, 0, 2]));
    return this.reshape(this.transpose(mixed, [1, 0, 2]), [-1, width]);
  }

  /** The graph alone, for an `If` branch. */
  toGraph() {
    return {
      name: this.name,
      node: this.nodes,
      initializer: this.initializers,
      input: this.inputs,
      output: this.outputs,
    };
  }

  finish(): BuiltGraph {
    const model = ModelProto.create({
      irVersion: IR_VERSION,
      producerName: 'tusk',
      opsetImport: [
        { domain: '', version: OPSET },
        { domain: 'com.microsoft', version: MICROSOFT_OPSET },
      ],
      graph: this.toGraph(),
    });
    const operators = [...new Set(this.nodes.map(({ opType }) => opType!))];
    const bytes = ModelProto.encode(model).finish();
    return { name: this.name, bytes, folder: this.weights.folder, operators };
  }
}

/** The ONNX schema's message types and enum numbers, from the published definition (package onnx-proto). */
import onnxProto from 'onnx-proto';

export const { ModelProto, TensorProto, AttributeProto } = onnxProto.onnx;
export type Node = onnxProto.onnx.INodeProto;
export type Attribute = onnxProto.onnx.IAttributeProto;
export type Initializer = onnxProto.onnx.ITensorProto;
export type ValueInfo = onnxProto.onnx.IValueInfoProto;
export type Graph = onnxProto.onnx.IGraphProto;

/** ONNX element type numbers (TensorProto.DataType). */
export const ELEMENT_TYPE = {
  float32: 1,
  uint8: 2,
  int8: 3,
  int32: 6,
  int64: 7,
  bool: 9,
  float16: 10,
  float64: 11,
  bfloat16: 16,
} as const;

export type ElementType = keyof typeof ELEMENT_TYPE;

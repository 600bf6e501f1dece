/**
 * An ONNX file: a graph of operators and its weights as a protocol buffer (onnx.proto of the ONNX project, IR version 8,
 * operator set 17). The numbers in `pbf.write…` calls are that file's field numbers.
 */
import { PbfWriter } from 'pbf'

export interface Graph {
  name: string
  nodes: Node[]
  weights: Weight[]
  inputs: Value[]
  outputs: Value[]
  metadata: Readonly<Record<string, string>>
}

export interface Node {
  operator: string
  inputs: string[]
  outputs: string[]
  attributes: Readonly<Record<string, number | readonly number[]>>
}

export interface Weight {
  name: string
  shape: readonly number[]
  values: Float32Array
}

/** A float32 array that goes in or comes out. Sizes that may be any have a name instead. */
export interface Value {
  name: string
  shape: readonly (number | string)[]
}

const irVersion = 8
const operatorSet = 17
/** TensorProto.DataType */
const float = 1
/** AttributeProto.AttributeType */
const attributeType = { int: 2, ints: 7 } as const

/** The bytes of a ModelProto. */
export function encodeOnnx(graph: Graph): Uint8Array {
  const pbf = new PbfWriter()
  pbf.writeVarintField(1, irVersion)
  pbf.writeStringField(2, 'simclr')
  pbf.writeMessage(7, writeGraph, graph)
  pbf.writeMessage(8, (version, to) => to.writeVarintField(2, version), operatorSet)
  for (const entry of Object.entries(graph.metadata)) pbf.writeMessage(14, writeEntry, entry)
  return pbf.finish()
}

function writeGraph({ name, nodes, weights, inputs, outputs }: Graph, pbf: PbfWriter): void {
  for (const node of nodes) pbf.writeMessage(1, writeNode, node)
  pbf.writeStringField(2, name)
  for (const weight of weights) pbf.writeMessage(5, writeWeight, weight)
  for (const value of inputs) pbf.writeMessage(11, writeValue, value)
  for (const value of outputs) pbf.writeMessage(12, writeValue, value)
}

function writeNode({ operator, inputs, outputs, attributes }: Node, pbf: PbfWriter): void {
  for (const input of inputs) pbf.writeStringField(1, input)
  for (const output of outputs) pbf.writeStringField(2, output)
  pbf.writeStringField(3, outputs[0]!)
  pbf.writeStringField(4, operator)
  for (const attribute of Object.entries(attributes)) pbf.writeMessage(5, writeAttribute, attribute)
}

function writeAttribute([name, value]: [string, number | readonly number[]], pbf: PbfWriter): void {
  pbf.writeStringField(1, name)
  if (typeof value === 'number') pbf.writeVarintField(3, value)
  else for (const one of value) pbf.writeVarintField(8, one)
  pbf.writeVarintField(20, typeof value === 'number' ? attributeType.int : attributeType.ints)
}

function writeWeight({ name, shape, values }: Weight, pbf: PbfWriter): void {
  for (const size of shape) pbf.writeVarintField(1, size)
  pbf.writeVarintField(2, float)
  pbf.writeStringField(8, name)
  pbf.writeBytesField(9, new Uint8Array(values.buffer, values.byteOffset, values.byteLength))
}

/** A ValueInfoProto with its TypeProto.Tensor. */
function writeValue({ name, shape }: Value, pbf: PbfWriter): void {
  pbf.writeStringField(1, name)
  pbf.writeMessage(
    2,
    (type, to) =>
      to.writeMessage(
        1,
        (tensor, into) => {
          into.writeVarintField(1, float)
          into.writeMessage(2, writeShape, tensor)
        },
        type,
      ),
    shape,
  )
}

function writeShape(shape: Value['shape'], pbf: PbfWriter): void {
  for (const size of shape) {
    pbf.writeMessage(
      1,
      (one, to) => (typeof one === 'number' ? to.writeVarintField(1, one) : to.writeStringField(2, one)),
      size,
    )
  }
}

function writeEntry([key, value]: [string, string], pbf: PbfWriter): void {
  pbf.writeStringField(1, key)
  pbf.writeStringField(2, value)
}

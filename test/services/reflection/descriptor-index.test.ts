import { create, createFileRegistry, fromBinary, toBinary } from '@bufbuild/protobuf';
import { FileDescriptorProtoSchema, FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { describe, expect, it } from 'vitest';
import { fileDescriptorSet as csi } from '../../../gen/csi/v1/csi.descriptor.js';
import { fileDescriptorSet as testing } from '../../../gen/grpc/testing/test.descriptor.js';
import { DescriptorIndex } from '../../../src/services/reflection/descriptor-index.js';

/** a.proto extends its own message in every place where proto2 allows it; b.proto has no package. */
const handmade = toBinary(
  FileDescriptorSetSchema,
  create(FileDescriptorSetSchema, {
    file: [
      {
        name: 'a.proto',
        package: 'a',
        messageType: [
          {
            name: 'Outer',
            oneofDecl: [{ name: 'choice' }],
            field: [{ name: 'field', number: 1, oneofIndex: 0 }],
            nestedType: [{ name: 'Inner', extension: [{ name: 'nested', extendee: '.a.Outer', number: 300 }] }],
            enumType: [{ name: 'Kind', value: [{ name: 'KIND_NONE', number: 0 }] }],
          },
        ],
        extension: [
          { name: 'top', extendee: '.a.Outer', number: 1_000 },
          { name: 'small', extendee: '.a.Outer', number: 100 },
        ],
        enumType: [{ name: 'Colour', value: [{ name: 'RED', number: 0 }] }],
        service: [{ name: 'Service', method: [{ name: 'Call' }] }],
      },
      { name: 'b.proto', dependency: ['a.proto'], messageType: [{ name: 'Bare' }] },
    ],
  }),
);

describe('DescriptorIndex', () => {
  it('knows every kind of name', () => {
    const index = new DescriptorIndex([handmade]);
    const names = [
      ...['a.Outer', 'a.Outer.choice', 'a.Outer.field', 'a.Outer.Inner', 'a.Outer.Inner.nested', 'a.Outer.Kind'],
      ...['a.Outer.KIND_NONE', 'a.top', 'a.Colour', 'a.RED', 'a.Service', 'a.Service.Call'],
    ];
    for (const name of names) expect(index.fileOfSymbol(name)?.name, name).toBe('a.proto');
    expect(index.fileOfSymbol('Bare')?.name).toBe('b.proto');
    for (const name of ['a', 'Outer', '.a.Outer', 'a.Outer.Kind.KIND_NONE', '']) {
      expect(index.fileOfSymbol(name), name).toBeUndefined();
    }
  });

  it('finds extensions by message and number', () => {
    const index = new DescriptorIndex([handmade]);
    expect(index.extensionNumbers('a.Outer')).toEqual([100, 300, 1_000]);
    expect(index.extensionNumbers('a.Outer.Inner')).toEqual([]);
    expect(index.extensionNumbers('a.Nothing')).toBeUndefined();
    expect(index.extensionNumbers('a.Colour')).toBeUndefined();
    expect(index.fileOfExtension('a.Outer', 300)?.name).toBe('a.proto');
    expect(index.fileOfExtension('a.Outer', 301)).toBeUndefined();
    expect(index.fileOfExtension('a.Nothing', 1)).toBeUndefined();
  });

  it('keeps files as they were, with what they import', () => {
    const index = new DescriptorIndex([handmade]);
    expect(index.file('b.proto')?.dependencies).toEqual(['a.proto']);
    expect(fromBinary(FileDescriptorProtoSchema, index.file('b.proto')!.bytes).messageType[0].name).toBe('Bare');
    expect(index.file('c.proto')).toBeUndefined();
  });

  it('agrees with @bufbuild/protobuf about whole sets', () => {
    const index = new DescriptorIndex([csi, testing()]);
    let names = 0;
    for (const set of [csi(), testing()]) {
      for (const described of createFileRegistry(fromBinary(FileDescriptorSetSchema, set))) {
        expect(index.fileOfSymbol(described.typeName)?.name, described.typeName).toBe(`${described.file.name}.proto`);
        names++;
        if (described.kind !== 'extension') continue;
        const file = index.fileOfExtension(described.extendee.typeName, described.number);
        expect(file?.name).toBe(`${described.file.name}.proto`);
      }
    }
    expect(names).toBeGreaterThan(200);
    // alpha_* and csi_secret
    expect(index.extensionNumbers('google.protobuf.FieldOptions')).toEqual([1059, 1060]);
  });

  it('takes a file that two sets have from the first', () => {
    const other = toBinary(
      FileDescriptorSetSchema,
      create(FileDescriptorSetSchema, { file: [{ name: 'a.proto', package: 'other', messageType: [{ name: 'M' }] }] }),
    );
    const index = new DescriptorIndex([handmade, other]);
    expect(index.fileOfSymbol('a.Outer')).toBeDefined();
    expect(index.fileOfSymbol('other.M')).toBeUndefined();
  });

  it('says which set is none', () => {
    expect(() => new DescriptorIndex([handmade, Buffer.from('syntax = "proto3";')])).toThrow(
      'descriptor set 1 is not a serialized google.protobuf.FileDescriptorSet',
    );
  });
});

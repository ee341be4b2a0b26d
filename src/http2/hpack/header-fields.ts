/**
 * A header list, flat: name, value, name, value, ... in wire order. Every character stands for one octet (latin1), so
 * `length` of a string is its size on the wire before Huffman coding.
 */
export type HeaderFields = string[];

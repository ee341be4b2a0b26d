use std::sync::Arc;

use prost::{
    DecodeError, Message,
    bytes::{Buf, BufMut},
    encoding::{DecodeContext, WireType},
};

use crate::proto::csi::{Volume, list_volumes_response::VolumeStatus};

/// csi.v1.ListVolumesResponse.Entry, as generated.
#[derive(Clone, PartialEq, Message)]
pub struct Entry {
    #[prost(message, optional, tag = "1")]
    pub volume: Option<Volume>,
    #[prost(message, optional, tag = "2")]
    pub status: Option<VolumeStatus>,
}

/// An entry that many responses have without a copy of their own; it is encoded for each.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SharedEntry(pub Arc<Entry>);

impl Message for SharedEntry {
    fn encode_raw(&self, buffer: &mut impl BufMut) {
        self.0.encode_raw(buffer);
    }

    fn encoded_len(&self) -> usize {
        self.0.encoded_len()
    }

    fn merge_field(
        &mut self,
        tag: u32,
        wire_type: WireType,
        buffer: &mut impl Buf,
        context: DecodeContext,
    ) -> Result<(), DecodeError> {
        Arc::make_mut(&mut self.0).merge_field(tag, wire_type, buffer, context)
    }

    fn clear(&mut self) {
        Arc::make_mut(&mut self.0).clear();
    }
}

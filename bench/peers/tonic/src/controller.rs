use std::{collections::BTreeMap, sync::Arc};

use tonic::{Request, Response, Status};

use crate::{
    proto::csi::{
        CreateVolumeRequest, CreateVolumeResponse, ListVolumesRequest, ListVolumesResponse, Topology, Volume,
        controller_server, list_volumes_response::VolumeStatus,
    },
    shared_entry::{Entry, SharedEntry},
};

const ENTRIES: usize = 1_000;

pub struct Controller {
    entries: Vec<SharedEntry>,
}

impl Controller {
    pub fn new() -> Self {
        Controller { entries: (0..ENTRIES).map(entry).collect() }
    }
}

fn entry(index: usize) -> SharedEntry {
    let map = |key: &str, value: &str| BTreeMap::from([(key.to_owned(), value.to_owned())]);
    let volume = Volume {
        volume_id: format!("pvc-00000000-0000-4000-8000-{index:012}"),
        capacity_bytes: 10737418240,
        volume_context: map("storage.kubernetes.io/csiProvisionerIdentity", "1700000000000-8081-hostpath.csi.k8s.io"),
        accessible_topology: vec![Topology { segments: map("topology.hostpath.csi/node", "worker-1") }],
        ..Default::default()
    };
    let status = VolumeStatus { published_node_ids: vec!["worker-1".to_owned()] };
    SharedEntry(Arc::new(Entry { volume: Some(volume), status: Some(status) }))
}

#[tonic::async_trait]
impl controller_server::Controller for Controller {
    async fn create_volume(
        &self,
        request: Request<CreateVolumeRequest>,
    ) -> Result<Response<CreateVolumeResponse>, Status> {
        let request = request.into_inner();
        let volume = Volume {
            volume_id: request.name,
            capacity_bytes: request.capacity_range.map_or(0, |range| range.required_bytes),
            volume_context: request.parameters,
            content_source: request.volume_content_source,
            accessible_topology: request.accessibility_requirements.unwrap_or_default().preferred,
        };
        Ok(Response::new(CreateVolumeResponse { volume: Some(volume) }))
    }

    async fn list_volumes(
        &self,
        request: Request<ListVolumesRequest>,
    ) -> Result<Response<ListVolumesResponse>, Status> {
        let count = ENTRIES.min(request.get_ref().max_entries as usize);
        let entries = self.entries[..count].to_vec();
        Ok(Response::new(ListVolumesResponse { entries, ..Default::default() }))
    }
}

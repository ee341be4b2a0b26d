fn main() -> std::io::Result<()> {
    let root = "../../../../proto";
    let protos = ["grpc/testing/test.proto", "google/rpc/status.proto", "google/rpc/error_details.proto"];
    tonic_prost_build::configure().compile_protos(&protos.map(|file| format!("{root}/{file}")), &[root.to_owned()])
}

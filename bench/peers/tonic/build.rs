use std::{env, fs, io, path::Path};

fn main() -> io::Result<()> {
    let root = "../../../proto";
    let protos = ["csi/v1/csi.proto", "grpc/testing/test.proto", "podinfo/v1/podinfo.proto"]
        .map(|file| format!("{root}/{file}"));
    for side in ["server", "client"] {
        let folder = Path::new(&env::var("OUT_DIR").expect("cargo sets it")).join(side);
        fs::create_dir_all(&folder)?;
        let mut builder = tonic_prost_build::configure()
            .out_dir(folder)
            .build_server(side == "server")
            .build_client(side == "client")
            .generate_default_stubs(true)
            // Slices of what is there instead of copies, and no hashing for maps of a few entries.
            .bytes(".")
            .btree_map(".");
        if side == "server" {
            builder = builder.extern_path(".csi.v1.ListVolumesResponse.Entry", "crate::shared_entry::SharedEntry");
        }
        builder.compile_protos(&protos, &[root.to_owned()])?;
    }
    Ok(())
}

//! Compiles the `.proto` files with protox, so that no protoc is needed.

use std::path::{Path, PathBuf};

use prost::Message as _;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    for folder in ["chancery/act/v1", "chancery/v1"] {
        for entry in std::fs::read_dir(root.join(folder))? {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == "proto") {
                files.push(path);
            }
        }
    }
    files.sort();
    println!("cargo::rerun-if-changed={}", root.join("chancery").display());

    let descriptors = protox::compile(&files, [root])?;
    let out = PathBuf::from(std::env::var("OUT_DIR")?);
    std::fs::write(out.join("chancery.bin"), descriptors.encode_to_vec())?;
    tonic_prost_build::configure().bytes(".chancery.v1").compile_fds(descriptors)?;
    Ok(())
}

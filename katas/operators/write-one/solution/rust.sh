# To compile it takes minutes. Where kubekata is built from source, its examples hold it already;
# everybody else writes: exec cargo run --quiet --manifest-path rust/Cargo.toml
echo "exec \"$(dirname "$KUBEKATA")/examples/site-operator\"" >run.sh

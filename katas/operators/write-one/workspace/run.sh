# `kubekata run` starts this. Which of them is yours?
exec bash operator.bash
# exec python3 operator.py
# exec cargo run --quiet --manifest-path rust/Cargo.toml

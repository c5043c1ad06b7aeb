//! The command line as `docs/interface.md` promises it: arguments, input, output, errors, exit codes. What needs
//! a server is tested end to end elsewhere.

#[test]
fn golden_files() {
    trycmd::TestCases::new()
        // Nothing of the machine's own may be read.
        .env("CHANCERY_HOME", "no-such-home")
        .case("tests/cmd/*.toml")
        .case("../docs/interface.md");
}

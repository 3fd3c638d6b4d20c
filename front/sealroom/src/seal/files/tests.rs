//! What lies in the folder after each end that an output can have.

use super::*;

const KINDS: [Kind; 3] = [Kind::Sealed, Kind::Unsigned, Kind::Signed];

fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn content(path: &Path) -> String {
    String::from_utf8(read(path).unwrap()).unwrap()
}

async fn write(output: Output, text: &'static str) -> Result<()> {
    output.write(|out| out.write_all(text.as_bytes()).map_err(Into::into)).await
}

#[tokio::test]
async fn an_output_appears_when_it_is_done() {
    for kind in KINDS {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("out");
        let output = Output::prepare(&target, false, kind).unwrap();
        assert!(!target.exists());
        write(output, "content").await.unwrap();
        assert_eq!((names(folder.path()), content(&target)), (vec!["out".to_owned()], "content".to_owned()));
        let mode = target.metadata().unwrap().permissions().mode() & 0o777;
        assert!(kind == Kind::Sealed || mode == 0o600, "{mode:o}");
    }
}

#[tokio::test]
async fn an_output_that_fails_or_is_given_up_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("out");
    let failing = Output::prepare(&target, true, Kind::Signed).unwrap();
    let failed = failing
        .write(|out| {
            out.write_all(b"plaintext")?;
            bail!("the signature is wrong")
        })
        .await;
    assert_eq!(failed.unwrap_err().to_string(), "the signature is wrong");
    drop(Output::prepare(&target, true, Kind::Signed).unwrap());
    assert_eq!(names(folder.path()), [""; 0]);
}

#[tokio::test]
async fn what_is_there_stays_unless_forced() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("out");
    // One that appears meanwhile stays, too.
    let late = Output::prepare(&target, false, Kind::Sealed).unwrap();
    write(Output::prepare(&target, false, Kind::Sealed).unwrap(), "first").await.unwrap();
    assert!(write(late, "late").await.is_err());
    assert!(Output::prepare(&target, false, Kind::Sealed).is_err());
    assert_eq!((names(folder.path()), content(&target)), (vec!["out".to_owned()], "first".to_owned()));
    write(Output::prepare(&target, true, Kind::Sealed).unwrap(), "second").await.unwrap();
    assert_eq!((names(folder.path()), content(&target)), (vec!["out".to_owned()], "second".to_owned()));
}

#[test]
fn what_is_no_file_is_neither_read_nor_replaced() {
    let folder = tempfile::tempdir().unwrap();
    assert!(Input::open(folder.path()).is_err());
    assert!(Input::open(&folder.path().join("absent")).is_err());
    for target in [folder.path().to_owned(), PathBuf::from("/dev/null"), PathBuf::from("/"), folder.path().join("a/b")]
    {
        assert!(Output::prepare(&target, true, Kind::Sealed).is_err(), "{}", target.display());
    }
}

//! Where something is in the way, what is said names the way out, and the way works.

use crate::world::World;

#[test]
fn a_check_tells_of_backends_that_are_not_alive() {
    let world = World::with_sales();
    world.brctl(&["check"]).ok();
    world.sandbox.set_backend_alive(0, false);
    let said = world.brctl(&["check"]).ok();
    assert!(
        said.stdout
            .contains("backends: 1 of 3 backends is not alive"),
        "{said:#?}"
    );
    for index in 1..3 {
        world.sandbox.set_backend_alive(index, false);
    }
    let said = world.brctl(&["check"]);
    assert_eq!(said.code, 1, "{said:#?}");
    for part in [
        "none of the cluster's 3 backends is alive",
        "bring the backends up",
    ] {
        assert!(said.stdout.contains(part), "{part:?} is not in {said:#?}");
    }
}

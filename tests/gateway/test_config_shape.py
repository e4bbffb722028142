"""Which keys there are, once the tables are known that an operator names or lists."""

from typing import Annotated

from msgspec import Meta, Struct

from gateway.config_shape import Shape, Tables


class Shelf(Struct, frozen=True):
    height: int = 1


class Room(Struct, frozen=True):
    size: Annotated[int, Meta(extra={"inherits": "house.size"})] = 0
    shelves: tuple[Shelf, ...] = ()


class House(Struct, frozen=True):
    size: int = 9
    names: tuple[str, ...] = ()


class Town(Struct, frozen=True):
    house: House = House()
    rooms: Annotated[dict[str, Room], Meta(title="a room", extra={"names": "[a-z]+", "folder": "house.names"})] = {}


def test_tables_have_a_place_and_no_keys_before_they_are_added() -> None:
    shape = Shape(Town)
    assert list(shape.keys) == [("house", "size"), ("house", "names")]
    assert shape.tables == {("rooms",): Tables(Room, listed=False, names="[a-z]+", folder=("house", "names"), title="a room")}


def test_a_table_that_is_added_has_its_keys_and_places_of_its_own() -> None:
    shape = Shape(Town)
    assert shape.add(("rooms",), "bath") == ("rooms", "bath")
    assert shape.is_table(("rooms", "bath"))
    assert not shape.is_table(("rooms", "hall"))
    assert not shape.is_table(())
    assert shape.keys["rooms", "bath", "size"].inherits == ("house", "size")
    assert shape.tables["rooms", "bath", "shelves"] == Tables(Shelf, listed=True, names="", folder=(), title="")
    shape.add(("rooms", "bath", "shelves"), "1")
    assert ("rooms", "bath", "shelves", "1", "height") in shape.keys


def test_a_tree_is_built_of_its_values_with_the_tables_in_the_order_in_which_they_came() -> None:
    shape = Shape(Town)
    for name in ("hall", "bath"):
        shape.add(("rooms",), name)
    shelves = [shape.add(("rooms", "bath", "shelves"), name) for name in ("1", "2")]
    values = {("rooms", "bath", "size"): 5, (*shelves[1], "height"): 7}
    assert shape.build(Town, (), values, ()) == Town(rooms={"hall": Room(), "bath": Room(5, (Shelf(), Shelf(7)))})

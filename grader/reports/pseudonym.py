"""A student's name for a public list: always the same one, and nobody can turn it back without the secret and the class."""

import hashlib
import hmac
from collections.abc import Callable

# Of colours, stones and weather: none that praises or mocks.
ADJECTIVES = """
amber apricot ashen auburn azure beige bronze cherry clay cloudy cobalt copper coral crimson crystal dewy
dusky emerald foggy frosty golden granite hazel indigo ivory jade khaki lavender lemon lilac linen lunar
mahogany marble maroon mauve mint misty mossy navy ochre olive opal pearl pine plum quartz rainy
ruby russet rusty saffron sandy sapphire scarlet sepia silver snowy solar stormy teal topaz umber velvet
""".split()  # noqa: SIM905 -- words in rows are read more easily than a list of strings
ANIMALS = """
albatross alpaca badger beaver bison bobcat camel caribou condor cormorant crane curlew deer dolphin dove eagle
egret elk falcon ferret finch fox gazelle gecko gibbon giraffe grouse gull hare hawk heron hoopoe
ibex ibis jackdaw kestrel kingfisher kite koala lark lemur leopard lynx magpie marten moose newt ocelot
oriole osprey otter owl panda penguin puffin quail rabbit raven robin salmon seal stork swallow wolf
""".split()  # noqa: SIM905
NUMBERS = 1000


def pseudonyms(secret: bytes) -> Callable[[str], str]:
    """The function from names to pseudonyms under this secret. Two of a large class may get the same one: see NUMBERS.

    The secret is stretched first: whoever knows a name and its pseudonym could otherwise try out secrets that a person
    chose, and hidden inputs are drawn from it.
    """
    key = hashlib.scrypt(secret, salt=b"dot2vit leaderboard", n=2**14, r=8, p=1)

    def pseudonym(student: str) -> str:
        digest = hmac.digest(key, student.encode("utf-8", "surrogatepass"), "sha256")
        number, last = divmod(int.from_bytes(digest), NUMBERS)
        number, animal = divmod(number, len(ANIMALS))
        return f"{ADJECTIVES[number % len(ADJECTIVES)]}-{ANIMALS[animal]}-{last:03}"

    return pseudonym

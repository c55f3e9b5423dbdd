"""``studio``: ``mobile`` with larger sizes, for saved photos, strong phones and tablets.

The same style encoder, style code and contract: an app switches by changing the file. Seven times
the multiplications, made to be run at 512 to 1024 pixels.
"""

from __future__ import annotations

from facestyle.networks.base import register
from facestyle.networks.mobile import MobileConfig, MobileNetwork


@register("studio")
class StudioNetwork(MobileNetwork):
    """The whole network."""

    default = MobileConfig(
        channels=(32, 64, 128),
        encoder_blocks=(1, 2),
        decoder_blocks=(3, 3, 4),
        expansions=(2, 2, 2),
    )

package org.facestyle.demo

import android.os.Bundle
import org.facestyle.core.Style
import org.facestyle.core.mix

/**
 * What somebody has chosen; survives rotation and the end of the process.
 *
 * @property style name of the style.
 * @property strength from 0, the photo, to 1.
 * @property mixing whether another style is mixed in.
 * @property second name of that other one, null until one is chosen.
 * @property share of the second, from 0 to 1.
 * @property keepsNear whether what is near is not painted, where depth is known.
 */
data class Choice(
    val style: String,
    val strength: Float = 0.9f,
    val mixing: Boolean = false,
    val second: String? = null,
    val share: Float = 0.5f,
    val keepsNear: Boolean = false,
) {
    /** What a tap on a style makes of it. */
    fun tapped(name: String): Choice = when {
        !mixing -> copy(style = name, second = second.takeIf { it != name })
        name == style -> this
        else -> copy(second = name)
    }

    /** What is left of it without a style, with [first] in its place. */
    fun without(name: String, first: String): Choice =
        copy(style = style.takeIf { it != name } ?: first, second = second.takeIf { it != name })

    /** What to paint with these [styles]; the first of them where the chosen one is gone. */
    fun look(styles: Map<String, Style>): Look {
        val first = (styles[style] ?: styles.values.first()).code
        val other = styles[second]?.code
        val code = if (mixing && other != null) mix(first, other, share) else first
        return Look(code, strength, keepsNear)
    }

    fun save(to: Bundle) {
        to.putString("style", style)
        to.putFloat("strength", strength)
        to.putBoolean("mixing", mixing)
        to.putString("second", second)
        to.putFloat("share", share)
        to.putBoolean("keeps_near", keepsNear)
    }

    companion object {
        fun restored(from: Bundle, first: String) = Choice(
            style = from.getString("style", first),
            strength = from.getFloat("strength"),
            mixing = from.getBoolean("mixing"),
            second = from.getString("second"),
            share = from.getFloat("share"),
            keepsNear = from.getBoolean("keeps_near"),
        )
    }
}

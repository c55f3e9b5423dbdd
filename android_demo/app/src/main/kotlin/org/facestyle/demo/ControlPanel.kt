package org.facestyle.demo

import android.app.Activity
import android.view.View
import android.widget.SeekBar
import android.widget.Switch
import android.widget.TextView
import org.facestyle.core.Style

/** The sliders and the switch below the picture: shows a [Choice], and says when one is made. */
class ControlPanel(private val activity: Activity, private val onChange: (Choice) -> Unit) {
    private val strength: SeekBar = activity.findViewById(R.id.strength)
    private val strengthLabel: TextView = activity.findViewById(R.id.strength_label)
    private val mix: Switch = activity.findViewById(R.id.mix)
    private val share: SeekBar = activity.findViewById(R.id.mix_share)
    private val shareLabel: TextView = activity.findViewById(R.id.mix_label)
    private val keepNear: Switch = activity.findViewById(R.id.keep_near)
    private lateinit var shown: Choice

    init {
        onSlide(strength) { onChange(shown.copy(strength = it)) }
        onSlide(share) { onChange(shown.copy(share = it)) }
        mix.setOnClickListener { onChange(shown.copy(mixing = mix.isChecked)) }
        keepNear.setOnClickListener { onChange(shown.copy(keepsNear = keepNear.isChecked)) }
    }

    /** @param second the style that is mixed in, null where none is. */
    fun show(choice: Choice, second: Style?) {
        shown = choice
        strength.progress = percent(choice.strength)
        strengthLabel.text = activity.getString(R.string.strength_value, percent(choice.strength))
        mix.isChecked = choice.mixing
        keepNear.isChecked = choice.keepsNear
        share.progress = percent(choice.share)
        share.visibility = if (second != null) View.VISIBLE else View.INVISIBLE
        shareLabel.text = when {
            second != null ->
                activity.getString(R.string.mix_value, percent(choice.share), second.shortTitle)
            choice.mixing -> activity.getString(R.string.mix_hint)
            else -> ""
        }
    }

    /** Offers to keep what is near, where depth is known. */
    fun showDepth(known: Boolean) {
        keepNear.visibility = if (known) View.VISIBLE else View.GONE
    }

    private fun onSlide(bar: SeekBar, what: (Float) -> Unit) =
        bar.setOnSeekBarChangeListener(object : SeekBar.OnSeekBarChangeListener {
            override fun onProgressChanged(bar: SeekBar, progress: Int, byPerson: Boolean) {
                if (byPerson) what(progress / 100f)
            }

            override fun onStartTrackingTouch(bar: SeekBar) = Unit

            override fun onStopTrackingTouch(bar: SeekBar) = Unit
        })

    private fun percent(share: Float) = Math.round(100 * share)
}

/** Without the painter in brackets, which a small label has no room for. */
val Style.shortTitle: String get() = title.substringBefore(" (")

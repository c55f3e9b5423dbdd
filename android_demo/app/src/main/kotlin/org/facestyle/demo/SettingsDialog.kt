package org.facestyle.demo

import android.app.Activity
import android.app.AlertDialog
import android.app.Dialog
import android.widget.RadioButton
import android.widget.RadioGroup
import android.widget.Switch

/** What the models run on, and whether times are shown. */
class SettingsDialog(
    private val activity: Activity,
    private val settings: Settings,
    private val onProcessor: () -> Unit,
    private val onTimes: () -> Unit,
) {
    fun show(): Dialog {
        val view = activity.layoutInflater.inflate(R.layout.settings, null)
        view.findViewById<Switch>(R.id.show_times).apply {
            isChecked = settings.showTimes
            setOnCheckedChangeListener { _, shown ->
                settings.showTimes = shown
                onTimes()
            }
        }
        val group = view.findViewById<RadioGroup>(R.id.processors)
        Settings.PROCESSORS.forEachIndexed { index, processor ->
            group.addView(
                RadioButton(activity).apply {
                    id = index + 1
                    minHeight = (48 * resources.displayMetrics.density).toInt()
                    text = if (processor.gpu) {
                        activity.getString(R.string.gpu)
                    } else {
                        activity.getString(R.string.cpu_threads, processor.threads)
                    }
                },
            )
        }
        group.check(Settings.PROCESSORS.indexOf(settings.processor) + 1)
        group.setOnCheckedChangeListener { _, id ->
            settings.processor = Settings.PROCESSORS[id - 1]
            onProcessor()
        }
        return AlertDialog.Builder(activity)
            .setTitle(R.string.settings)
            .setView(view)
            .setPositiveButton(R.string.close, null)
            .show()
    }
}

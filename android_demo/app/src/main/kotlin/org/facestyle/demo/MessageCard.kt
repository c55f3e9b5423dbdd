package org.facestyle.demo

import android.view.View
import android.widget.Button
import android.widget.TextView

/** A message over the picture, with one thing to do about it. */
class MessageCard(private val card: View) {
    private val text: TextView = card.findViewById(R.id.message_text)
    private val button: Button = card.findViewById(R.id.message_action)

    fun show(message: String, action: Int, onAction: () -> Unit) {
        text.text = message
        button.setText(action)
        button.setOnClickListener { onAction() }
        card.visibility = View.VISIBLE
    }

    fun hide() {
        card.visibility = View.GONE
    }
}

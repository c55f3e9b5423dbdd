plugins {
    alias(libs.plugins.kotlin.jvm)
}

kotlin {
    jvmToolchain(libs.versions.jvmTarget.get().toInt())
}

dependencies {
    // Android has these classes built in.
    compileOnly(libs.json)

    testImplementation(libs.json)
    testImplementation(libs.junit)
}

tasks.test {
    systemProperty("facestyle.vectors", file("../../tests/vectors").path)
}
